BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE answers (
	case_id BLOB NOT NULL, 
	sequence INTEGER NOT NULL, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_answers PRIMARY KEY (case_id, sequence), 
	CONSTRAINT ck_answers_sequence_least CHECK (sequence >= 0), 
	CONSTRAINT fk_answers_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
INSERT INTO "answers" VALUES(X'69696969696969696969696969696969',0,X'017365616C6564');
CREATE TABLE audit (
	number BIGINT NOT NULL, 
	at BIGINT NOT NULL, 
	staff TEXT, 
	event TEXT NOT NULL, 
	subject TEXT, 
	previous BLOB NOT NULL, 
	hash BLOB NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (number), 
	CONSTRAINT ck_audit_hash_length CHECK (length(hash) = 32), 
	CONSTRAINT ck_audit_previous_length CHECK (length(previous) = 32)
);
CREATE TABLE cases (
	id BLOB NOT NULL, 
	state TEXT NOT NULL, 
	public_key BLOB NOT NULL, 
	sealed_key BLOB NOT NULL, 
	generation INTEGER NOT NULL, 
	reference TEXT, 
	priority TEXT, 
	language TEXT, 
	channel TEXT, 
	raised BOOLEAN DEFAULT 0 NOT NULL, 
	started_on INTEGER NOT NULL, 
	queued_on INTEGER, 
	erase_at BIGINT, 
	CONSTRAINT pk_cases PRIMARY KEY (id), 
	CONSTRAINT ck_cases_priority CHECK (priority IN ('urgent', 'high', 'normal')), 
	CONSTRAINT ck_cases_queued_is_complete CHECK (state = 'draft' OR (reference IS NOT NULL AND priority IS NOT NULL AND queued_on IS NOT NULL)), 
	CONSTRAINT ck_cases_state CHECK (state IN ('draft', 'queued', 'claimed', 'closed')), 
	CONSTRAINT ck_cases_id_length CHECK (length(id) = 16), 
	CONSTRAINT ck_cases_public_key_length CHECK (length(public_key) = 32), 
	CONSTRAINT uq_cases_reference UNIQUE (reference)
);
INSERT INTO "cases" VALUES(X'69696969696969696969696969696969','queued',X'6868686868686868686868686868686868686868686868686868686868686868',X'016B6579',1,'TD-2345','normal','en','web',0,20779,20779,NULL);
CREATE TABLE conversations (
	id BLOB NOT NULL, 
	lookup BLOB, 
	epoch INTEGER NOT NULL, 
	wrapped_key BLOB NOT NULL, 
	state BLOB NOT NULL, 
	address BLOB, 
	case_id BLOB, 
	erase_at BIGINT, 
	CONSTRAINT pk_conversations PRIMARY KEY (id), 
	CONSTRAINT ck_conversations_id_length CHECK (length(id) = 16), 
	CONSTRAINT ck_conversations_lookup_length CHECK (length(lookup) = 32), 
	CONSTRAINT fk_conversations_case_id FOREIGN KEY(case_id) REFERENCES cases (id), 
	CONSTRAINT uq_conversations_lookup UNIQUE (lookup)
);
CREATE TABLE counts (
	month TEXT NOT NULL, 
	name TEXT NOT NULL, 
	n INTEGER NOT NULL, 
	CONSTRAINT pk_counts PRIMARY KEY (month, name), 
	CONSTRAINT ck_counts_month_length CHECK (length(month) = 7), 
	CONSTRAINT ck_counts_n_least CHECK (n >= 0)
);
CREATE TABLE desk_keys (
	generation INTEGER NOT NULL, 
	public_key BLOB NOT NULL, 
	state TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_desk_keys PRIMARY KEY (generation), 
	CONSTRAINT ck_desk_keys_state CHECK (state IN ('current', 'retiring', 'destroyed')), 
	CONSTRAINT ck_desk_keys_generation_least CHECK (generation >= 1), 
	CONSTRAINT ck_desk_keys_public_key_length CHECK (length(public_key) = 32)
);
CREATE TABLE later_work (
	id BLOB NOT NULL, 
	kind TEXT NOT NULL, 
	due_at BIGINT NOT NULL, 
	subject BLOB, epoch INTEGER, sealed BLOB, attempts INTEGER DEFAULT '0' NOT NULL, code TEXT, given_up BOOLEAN DEFAULT 0 NOT NULL, erase_at BIGINT, 
	CONSTRAINT pk_later_work PRIMARY KEY (id), 
	CONSTRAINT ck_later_work_id_length CHECK (length(id) = 16)
);
INSERT INTO "later_work" VALUES(X'65656565656565656565656565656565','twilio.delete',1795000000,X'534D3030303030303030303030303030303030303030303030303030303030303030',20779,X'017365616C6564',1,'500',0,1795086400);
CREATE TABLE links (
	case_id BLOB NOT NULL, 
	number INTEGER NOT NULL, 
	platform TEXT NOT NULL, 
	status TEXT DEFAULT 'new' NOT NULL, 
	CONSTRAINT pk_links PRIMARY KEY (case_id, number), 
	CONSTRAINT ck_links_status CHECK (status IN ('new', 'reported', 'removed', 'refused', 'no_response', 'escalated')), 
	CONSTRAINT ck_links_number_least CHECK (number >= 0), 
	CONSTRAINT fk_links_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE TABLE manifests (
	case_id BLOB NOT NULL, 
	number INTEGER NOT NULL, 
	sealed BLOB NOT NULL, 
	signature BLOB NOT NULL, 
	CONSTRAINT pk_manifests PRIMARY KEY (case_id, number), 
	CONSTRAINT ck_manifests_number_least CHECK (number >= 0), 
	CONSTRAINT fk_manifests_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE TABLE marks (
	mark BLOB NOT NULL, 
	reply BLOB NOT NULL, 
	erase_at BIGINT NOT NULL, 
	CONSTRAINT pk_marks PRIMARY KEY (mark), 
	CONSTRAINT ck_marks_mark_length CHECK (length(mark) = 32)
);
CREATE TABLE receipts (
	lookup BLOB NOT NULL, 
	case_id BLOB NOT NULL, 
	public_key BLOB NOT NULL, 
	CONSTRAINT pk_receipts PRIMARY KEY (lookup), 
	CONSTRAINT ck_receipts_lookup_length CHECK (length(lookup) = 32), 
	CONSTRAINT ck_receipts_public_key_length CHECK (length(public_key) = 32), 
	CONSTRAINT fk_receipts_case_id FOREIGN KEY(case_id) REFERENCES cases (id)
);
CREATE TABLE slots (
	generation INTEGER NOT NULL, 
	holder TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_slots PRIMARY KEY (generation, holder), 
	CONSTRAINT fk_slots_generation FOREIGN KEY(generation) REFERENCES desk_keys (generation)
);
CREATE TABLE staff (
	id BLOB NOT NULL, 
	name TEXT NOT NULL, 
	name_key TEXT NOT NULL, 
	role TEXT NOT NULL, 
	state TEXT NOT NULL, 
	salt BLOB NOT NULL, 
	parameters TEXT NOT NULL, 
	check_value BLOB NOT NULL, 
	public_key BLOB NOT NULL, 
	wrapped_private BLOB NOT NULL, 
	created_at BIGINT NOT NULL, 
	CONSTRAINT pk_staff PRIMARY KEY (id), 
	CONSTRAINT ck_staff_role CHECK (role IN ('intake', 'supervisor', 'key_holder', 'auditor', 'administrator')), 
	CONSTRAINT ck_staff_state CHECK (state IN ('active', 'disabled')), 
	CONSTRAINT ck_staff_check_value_length CHECK (length(check_value) = 32), 
	CONSTRAINT ck_staff_id_length CHECK (length(id) = 16), 
	CONSTRAINT ck_staff_public_key_length CHECK (length(public_key) = 32), 
	CONSTRAINT uq_staff_name_key UNIQUE (name_key)
);
CREATE INDEX ix_cases_erase_at ON cases (erase_at);
CREATE INDEX ix_marks_erase_at ON marks (erase_at);
CREATE INDEX ix_conversations_case_id ON conversations (case_id);
CREATE INDEX ix_conversations_erase_at ON conversations (erase_at);
CREATE INDEX ix_receipts_case_id ON receipts (case_id);
CREATE INDEX ix_later_work_erase_at ON later_work (erase_at);
CREATE INDEX ix_later_work_kind ON later_work (kind, due_at);
COMMIT;
