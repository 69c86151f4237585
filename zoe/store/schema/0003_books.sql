-- The books: what the exchange's ledger says (raw_event), the double entry made of it
-- (journal_entry, posting), and its lots (lot, lot_use). The first three are facts; lots are made
-- anew as an edition of their asset. A writer can only insert: every guard is the database's own.
-- Quantities in units of the asset; basis, proceeds and marks in USD; times in UTC.

-- How many decimals the exchange's ledger keeps of an asset.
CREATE TABLE asset (
    name     text     PRIMARY KEY,
    decimals smallint NOT NULL CHECK (decimals BETWEEN 0 AND 30)
);

-- The inbox. A row of the exchange's ledger is taken once, whoever delivers it.
CREATE TABLE raw_event (
    account_id     text    NOT NULL,
    ext_id         text    NOT NULL CHECK (ext_id <> ''),
    arrival        bigint  GENERATED ALWAYS AS IDENTITY,
    source         text    NOT NULL CHECK (source IN ('stream', 'rest', 'file')),
    refid          text    NOT NULL,
    time_ns        bigint  NOT NULL,
    type           text    NOT NULL,
    subtype        text    NOT NULL,
    wallet         text    NOT NULL,
    asset          text    NOT NULL,
    amount         numeric NOT NULL CHECK (amount NOT IN ('NaN', 'Infinity', '-Infinity')),
    fee            numeric NOT NULL CHECK (fee NOT IN ('NaN', 'Infinity', '-Infinity')),
    balance        numeric NOT NULL CHECK (balance NOT IN ('NaN', 'Infinity', '-Infinity')),
    sha256         text    NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    correlation_id bigint,
    received_ns    bigint  NOT NULL,
    PRIMARY KEY (account_id, ext_id)
);
-- None begins as the key does: a planner that knows nothing of the table must take the key.
CREATE INDEX raw_event_arrival ON raw_event (arrival, account_id);
CREATE INDEX raw_event_refid ON raw_event (refid, account_id);

-- A row that came again with its time told more exactly; the latest time is the row's.
CREATE TABLE raw_refined (
    account_id  text   NOT NULL,
    ext_id      text   NOT NULL,
    time_ns     bigint NOT NULL,
    received_ns bigint NOT NULL,
    PRIMARY KEY (account_id, ext_id, time_ns),
    FOREIGN KEY (account_id, ext_id) REFERENCES raw_event
);

-- A row that came again under a known id, and said something else: never applied, always shown.
CREATE TABLE raw_conflict (
    account_id  text   NOT NULL,
    ext_id      text   NOT NULL,
    sha256      text   NOT NULL,
    source      text   NOT NULL,
    said        jsonb  NOT NULL,
    received_ns bigint NOT NULL,
    PRIMARY KEY (account_id, ext_id, sha256),
    FOREIGN KEY (account_id, ext_id) REFERENCES raw_event
);

CREATE TABLE journal_entry (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id     text   NOT NULL,
    -- Consecutive within an account: a second writer finds its number taken, and reads again.
    position       bigint NOT NULL CHECK (position >= 1),
    entry_key      text   NOT NULL,
    refid          text   NOT NULL,
    kind           text   NOT NULL,
    time_ns        bigint NOT NULL,
    reverses       bigint UNIQUE REFERENCES journal_entry,
    xid            xid8   NOT NULL DEFAULT pg_current_xact_id(),
    correlation_id bigint,
    UNIQUE (account_id, entry_key),
    UNIQUE (account_id, position)
);

CREATE TABLE posting (
    entry_id   bigint   NOT NULL REFERENCES journal_entry,
    line       smallint NOT NULL,
    account_id text     NOT NULL,
    account    text     NOT NULL,
    asset      text     NOT NULL REFERENCES asset,
    amount     numeric  NOT NULL
               CHECK (amount <> 0 AND amount NOT IN ('NaN', 'Infinity', '-Infinity')),
    -- The row, and which number of it, that this side comes from; the other side has none.
    ext_id     text,
    part       text     CHECK (part IN ('amount', 'fee')),
    PRIMARY KEY (entry_id, line),
    FOREIGN KEY (account_id, ext_id) REFERENCES raw_event,
    CHECK ((ext_id IS NULL) = (part IS NULL))
);
CREATE UNIQUE INDEX posting_once ON posting (account_id, ext_id, part) WHERE ext_id IS NOT NULL;

-- What every account of the books holds; kept by the trigger on posting.
CREATE TABLE book_balance (
    account_id text    NOT NULL,
    account    text    NOT NULL,
    asset      text    NOT NULL,
    amount     numeric NOT NULL,
    PRIMARY KEY (account_id, account, asset)
);

-- Lots of an asset belong to an edition; the newest is in force, older ones are history.
CREATE TABLE lot_edition (
    account_id text   NOT NULL,
    asset      text   NOT NULL,
    edition    int    NOT NULL CHECK (edition >= 1),
    reason     text   NOT NULL,
    at_ns      bigint NOT NULL,
    PRIMARY KEY (account_id, asset, edition)
);

CREATE TABLE lot (
    account_id text    NOT NULL,
    asset      text    NOT NULL,
    edition    int     NOT NULL,
    number     int     NOT NULL CHECK (number >= 1),
    -- The event that acquired it; one that was undone and done anew has two lots, one closed.
    event      text    NOT NULL,
    time_ns    bigint  NOT NULL,
    qty        numeric NOT NULL CHECK (qty > 0 AND qty NOT IN ('NaN', 'Infinity')),
    basis      numeric NOT NULL CHECK (basis >= 0 AND basis NOT IN ('NaN', 'Infinity')),
    qty_left   numeric NOT NULL,
    basis_left numeric NOT NULL,
    -- Its opening was undone.
    closed     boolean NOT NULL DEFAULT false,
    -- fmv_assumed: the market's value, since nobody declared a basis; unvalued: not even that.
    flag       text    NOT NULL DEFAULT '' CHECK (flag IN ('', 'fmv_assumed', 'unvalued')),
    PRIMARY KEY (account_id, asset, edition, number),
    FOREIGN KEY (account_id, asset, edition) REFERENCES lot_edition,
    CONSTRAINT lot_sound CHECK (
        qty_left BETWEEN 0 AND qty AND basis_left BETWEEN 0 AND basis
        AND (qty_left > 0 OR basis_left = 0) AND (qty_left < qty OR basis_left = basis))
) WITH (fillfactor = 70);

CREATE TABLE lot_use (
    account_id text    NOT NULL,
    asset      text    NOT NULL,
    edition    int     NOT NULL,
    number     int     NOT NULL CHECK (number >= 1),
    lot        int     NOT NULL,
    -- The event that took it: the slices of one disposal share event and kind.
    event      text    NOT NULL,
    time_ns    bigint  NOT NULL,
    -- give_back undoes an earlier use, close undoes the opening of a lot that is still whole:
    -- what a failed withdrawal, a late leg or an older row brings about.
    kind       text    NOT NULL CHECK (kind IN (
        'sale', 'fee', 'transfer_out', 'reversed_income', 'give_back', 'close')),
    qty        numeric NOT NULL CHECK (qty > 0 AND qty NOT IN ('NaN', 'Infinity')),
    basis      numeric NOT NULL CHECK (basis >= 0 AND basis NOT IN ('NaN', 'Infinity')),
    proceeds   numeric CHECK (proceeds NOT IN ('NaN', 'Infinity', '-Infinity')),
    gain       numeric GENERATED ALWAYS AS (proceeds - basis) STORED,
    -- The use that a give_back undoes.
    returns    int,
    PRIMARY KEY (account_id, asset, edition, number),
    FOREIGN KEY (account_id, asset, edition, lot) REFERENCES lot,
    FOREIGN KEY (account_id, asset, edition, returns) REFERENCES lot_use,
    CONSTRAINT proceeds_of_a_sale
        CHECK ((proceeds IS NULL) = (kind IN ('transfer_out', 'give_back', 'close'))),
    CHECK ((returns IS NOT NULL) = (kind = 'give_back'))
);
CREATE UNIQUE INDEX lot_use_once ON lot_use (account_id, asset, edition, returns)
 WHERE returns IS NOT NULL;

-- What one unit of an asset was worth for the events of a moment; never changed afterwards.
CREATE TABLE mark (
    account_id text    NOT NULL,
    asset      text    NOT NULL,
    -- The event's time; the mark itself may be older.
    at_ns      bigint  NOT NULL,
    usd        numeric NOT NULL CHECK (usd > 0 AND usd NOT IN ('NaN', 'Infinity')),
    time_ns    bigint  NOT NULL,
    source     text    NOT NULL,
    route      text    NOT NULL,
    PRIMARY KEY (account_id, asset, at_ns)
);

-- I1: of each asset the postings of an entry sum to 0, and there are two at least. At COMMIT.
CREATE FUNCTION entry_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines int;
    wrong text;
BEGIN
    SELECT coalesce(sum(n), 0), string_agg(asset, ' ') FILTER (WHERE total <> 0)
      INTO lines, wrong
      FROM (SELECT asset, count(*) AS n, sum(amount) AS total
              FROM posting WHERE entry_id = NEW.id GROUP BY asset) each_asset;
    IF lines < 2 THEN
        RAISE EXCEPTION 'entry % has % postings', NEW.entry_key, lines
            USING ERRCODE = 'check_violation';
    ELSIF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'entry % does not balance in %', NEW.entry_key, wrong
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON journal_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION entry_balanced();

-- Nobody adds lines to an entry of before, none has more decimals than its asset, none belongs to
-- another account than its entry. And what each account holds is kept.
CREATE FUNCTION posting_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
DECLARE
    wrong text;
BEGIN
    -- A subquery, not a join: it looks each entry up, whatever the planner knows of the tables.
    SELECT CAST(g.entry_id AS text) INTO wrong
      FROM (SELECT DISTINCT entry_id, account_id FROM given) g
     WHERE (SELECT e.xid = pg_current_xact_id() AND e.account_id = g.account_id
              FROM journal_entry e WHERE e.id = g.entry_id) IS NOT TRUE
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % is closed', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT format('%s %s', g.amount, g.asset) INTO wrong
      FROM given g JOIN asset a ON a.name = g.asset
     WHERE g.amount <> round(g.amount, a.decimals) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% has too many decimals', wrong USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO book_balance AS b (account_id, account, asset, amount)
    SELECT account_id, account, asset, sum(amount) FROM given GROUP BY 1, 2, 3
        ON CONFLICT (account_id, account, asset) DO UPDATE SET amount = b.amount + excluded.amount;
    RETURN NULL;
END $$;
CREATE TRIGGER posting_guard AFTER INSERT ON posting REFERENCING NEW TABLE AS given
    FOR EACH STATEMENT EXECUTE FUNCTION posting_guard();

-- A lot begins whole, and behind all others of its edition.
CREATE FUNCTION lot_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM lot l WHERE l.account_id = NEW.account_id AND l.asset = NEW.asset
                AND l.edition = NEW.edition AND l.number >= NEW.number) THEN
        RAISE EXCEPTION 'lot % of % is not the newest', NEW.number, NEW.asset
            USING ERRCODE = 'check_violation';
    END IF;
    NEW.qty_left := NEW.qty;
    NEW.basis_left := NEW.basis;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_guard BEFORE INSERT ON lot FOR EACH ROW EXECUTE FUNCTION lot_guard();

-- I4 and I6. Of the lots that are not closed, in their order, there are first such as are used up,
-- then at most one that is used in part, then whole ones; each use keeps it so. It takes from a lot
-- whose elder is used up, no more than is there, and all of the basis with the last of the quantity
-- (lot_sound). A give_back brings home just what its use took, to a lot whose junior is whole. Only
-- the youngest lot closes, whole. Neighbours are found by the key, however many lots there are.
CREATE FUNCTION lot_use_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
DECLARE
    sign int := -1;
    other record;
BEGIN
    IF NEW.kind = 'give_back' THEN
        sign := 1;
        PERFORM 1 FROM lot_use u
          WHERE u.account_id = NEW.account_id AND u.asset = NEW.asset AND u.edition = NEW.edition
            AND u.number = NEW.returns AND u.lot = NEW.lot
            AND u.kind NOT IN ('give_back', 'close') AND u.qty = NEW.qty AND u.basis = NEW.basis;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'use % gives back what was not taken', NEW.number
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.kind IN ('give_back', 'close') THEN
        SELECT l.number, l.qty_left = l.qty AS whole INTO other FROM lot l
         WHERE l.account_id = NEW.account_id AND l.asset = NEW.asset AND l.edition = NEW.edition
           AND l.number > NEW.lot AND NOT l.closed
         ORDER BY l.number LIMIT 1;
        IF FOUND AND (NEW.kind = 'close' OR NOT other.whole) THEN
            RAISE EXCEPTION 'lot % of % is younger than %', other.number, NEW.asset, NEW.lot
                USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        SELECT l.number, l.qty_left INTO other FROM lot l
         WHERE l.account_id = NEW.account_id AND l.asset = NEW.asset AND l.edition = NEW.edition
           AND l.number < NEW.lot AND NOT l.closed
         ORDER BY l.number DESC LIMIT 1;
        IF other.qty_left > 0 THEN
            RAISE EXCEPTION 'lot % of % is open, and older than %', other.number, NEW.asset, NEW.lot
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    UPDATE lot l
       SET qty_left = qty_left + sign * NEW.qty, basis_left = basis_left + sign * NEW.basis,
           closed = NEW.kind = 'close'
     WHERE l.account_id = NEW.account_id AND l.asset = NEW.asset AND l.edition = NEW.edition
       AND l.number = NEW.lot AND NOT l.closed
       AND (NEW.kind <> 'close' OR (l.qty_left, l.qty) = (NEW.qty, NEW.qty));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lot % of % is closed, or not whole', NEW.lot, NEW.asset
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER lot_use_guard BEFORE INSERT ON lot_use
    FOR EACH ROW EXECUTE FUNCTION lot_use_guard();

-- Only a trigger's own statement changes what is left of a lot, and what an account holds.
CREATE FUNCTION deny_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION '% is kept by its triggers: % refused', TG_TABLE_NAME, TG_OP;
    END IF;
    RETURN NEW;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['asset', 'raw_event', 'raw_refined', 'raw_conflict',
                                'journal_entry', 'posting', 'lot_edition', 'lot_use', 'mark'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
                            FOR EACH ROW EXECUTE FUNCTION deny()', name);
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I
                            FOR EACH STATEMENT EXECUTE FUNCTION deny()', name);
    END LOOP;
    CREATE TRIGGER by_trigger_only BEFORE UPDATE OR DELETE ON lot
        FOR EACH ROW EXECUTE FUNCTION deny_by_hand();
    CREATE TRIGGER by_trigger_only BEFORE INSERT OR UPDATE OR DELETE ON book_balance
        FOR EACH ROW EXECUTE FUNCTION deny_by_hand();
    FOREACH name IN ARRAY ARRAY['lot', 'book_balance'] LOOP
        EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON %I
                            FOR EACH STATEMENT EXECUTE FUNCTION deny()', name);
    END LOOP;
END $$;

-- The writer of the books can insert and read, and nothing else. Whoever migrates may not be
-- allowed to make roles: then the triggers alone stand guard.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'zoe_books_writer') THEN
        CREATE ROLE zoe_books_writer NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    NULL;
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'zoe_books_writer') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO zoe_books_writer', current_schema());
        GRANT SELECT, INSERT ON asset, raw_event, raw_refined, raw_conflict, journal_entry, posting,
            lot_edition, lot, lot_use, mark TO zoe_books_writer;
        GRANT SELECT ON book_balance TO zoe_books_writer;
    END IF;
END $$;
