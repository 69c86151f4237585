-- Differences that reconciliation found between our books and the exchange's; append-only.
CREATE TABLE drift (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text   NOT NULL,
    -- Of the difference: its rows follow each other, and the newest says how it stands.
    number     bigint NOT NULL,
    at_ns      bigint NOT NULL,
    subject    text   NOT NULL,
    status     text   NOT NULL CHECK (status IN ('open', 'waiting', 'settled')),
    cause      text   NOT NULL
               CHECK (cause IN ('lag', 'missed_message', 'external_action', 'unknown')),
    ours       text   NOT NULL,
    theirs     text   NOT NULL,
    repair     text   NOT NULL
);
CREATE INDEX drift_number ON drift (account_id, number, id);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON drift
    FOR EACH ROW EXECUTE FUNCTION deny();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON drift
    FOR EACH STATEMENT EXECUTE FUNCTION deny();
