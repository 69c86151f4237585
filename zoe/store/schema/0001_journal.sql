-- The journal: append-only, the source of every view of orders and balances. Each account has one
-- writer, who numbers its rows; a second one finds its number or its place in a stream taken.
CREATE TABLE journal (
    seq            bigint NOT NULL,
    account_id     text   NOT NULL,
    stream         text   NOT NULL,
    version        bigint NOT NULL CHECK (version >= 1),
    kind           text   NOT NULL,
    at_ns          bigint NOT NULL,
    message_id     bigint NOT NULL,
    correlation_id bigint NOT NULL,
    causation_id   bigint,
    anchor_seq     bigint CHECK (anchor_seq < seq),
    body           jsonb  NOT NULL,
    PRIMARY KEY (account_id, seq),
    UNIQUE (account_id, stream, version)
);
-- Ids of a start only grow, so a few bytes for every 16 pages find them.
CREATE INDEX journal_ids ON journal USING brin (
    message_id int8_minmax_multi_ops, correlation_id int8_minmax_multi_ops,
    causation_id int8_minmax_multi_ops
) WITH (pages_per_range = 16, autosummarize = on);
-- For every id in a body (body @> ...). A longer list of what is still to be sorted in would cost
-- the commit that must do it 80 ms.
CREATE INDEX journal_body ON journal USING gin (body jsonb_path_ops)
    WITH (gin_pending_list_limit = 128);

-- Orders that are not concluded are those that were opened, less those that ended for good: two
-- short lists instead of every row there ever was.
CREATE INDEX journal_opened ON journal (account_id, stream)
 WHERE version = 1 AND stream LIKE 'order/%';
CREATE INDEX journal_ended ON journal (account_id, stream)
 WHERE body ->> 'state' IN ('FILLED', 'CANCELED', 'EXPIRED', 'DENIED')
   AND stream LIKE 'order/%';
-- What our fills came to is read at each start: without these, out of all rows of years.
CREATE INDEX journal_fills ON journal (account_id, stream)
 WHERE kind = 'order.fill' AND stream LIKE 'order/%';
CREATE INDEX journal_adopted ON journal (account_id, stream)
 WHERE version = 1 AND stream LIKE 'order/%' AND body ->> 'source' = 'external';

CREATE FUNCTION deny() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION deny();
CREATE TRIGGER journal_no_truncate BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION deny();

-- One row a start; the number begins every message id of that start.
CREATE TABLE boot (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text   NOT NULL,
    at_ns      bigint NOT NULL
);
-- Nonces up to the high-water mark may have been used.
CREATE TABLE nonce (
    account_id text   PRIMARY KEY,
    high_water bigint NOT NULL
);
CREATE TABLE health (
    account_id text   NOT NULL,
    component  text   NOT NULL,
    status     text   NOT NULL,
    at_ns      bigint NOT NULL,
    detail     text   NOT NULL,
    PRIMARY KEY (account_id, component)
);
CREATE TABLE config (
    account_id text   NOT NULL,
    key        text   NOT NULL,
    value      text   NOT NULL,
    source     text   NOT NULL,
    at_ns      bigint NOT NULL,
    PRIMARY KEY (account_id, key)
);
