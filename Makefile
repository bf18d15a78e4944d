# Two commands are all there is to know: `make run` and `make test`.
# Everything is done by tasks.py, which needs nothing but Python 3.11 or newer.
#
#   make run                          the web chat at http://127.0.0.1:8000/ and the desk
#   make run ARGS="--port 9000"       options of `tada serve`
#   make test ARGS="tests/flows -x"   options of pytest
#   make bench ARGS="--people 16"     options of `python -m benchmarks`
#   make contracts CONTRACTS=../specs the folder of the providers' specifications and samples

PYTHON ?= python3
ARGS ?=
CONTRACTS ?=

.PHONY: help run demo test check bench contracts clean

help:
	@echo "make run    set up what is missing, and serve the web chat"
	@echo "make demo   fill the instance with invented cases and colleagues, to look round the desk"
	@echo "make test   set up what is missing, and pass every test"
	@echo "make check  lint, formatting, types, catalogues"
	@echo "make bench  measure the path of a message against the ceiling of the machine"
	@echo "make contracts CONTRACTS=<folder>"
	@echo "            hold what is sent and answered to the providers' specifications, and play their samples"
	@echo "make clean  remove the environment and caches; what people wrote stays"

run demo test check bench clean:
	@$(PYTHON) tasks.py $@ $(ARGS)

contracts:
	@$(PYTHON) tasks.py $@ $(CONTRACTS) $(ARGS)
