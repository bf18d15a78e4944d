"""Write every conversation as it goes today. Read the difference before it is committed."""

from tests.conversations.player import rewritten, scripted

if __name__ == "__main__":
    for script in scripted():
        script.path.write_text(rewritten(script))
        print(script.name)
