-- What people declare of rows, corrections of entries, and guards that look at a whole statement
-- where they looked at each row: what they refuse is the same, and a backfill takes half the time.

-- I1, I5: what posting_entry_id_fkey and posting_asset_fkey say is said here, once a statement: an
-- entry that is not there is not one of this transaction. Neither table ever loses a row.
CREATE OR REPLACE FUNCTION posting_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
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
    SELECT g.asset INTO wrong FROM (SELECT DISTINCT asset FROM given) g
     WHERE NOT EXISTS (SELECT 1 FROM asset a WHERE a.name = g.asset) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'asset % is not known', wrong USING ERRCODE = 'foreign_key_violation';
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
ALTER TABLE posting DROP CONSTRAINT posting_entry_id_fkey, DROP CONSTRAINT posting_asset_fkey;

-- I4 and I6, as lot_use_guard said them. What one statement takes of one lot is taken at once: that
-- is as many takings in the order of their numbers, since no lot is begun before its elder is used
-- up, and none is come back to (else: out of turn). What is undone goes one by one. The planner, who
-- may know nothing of the tables yet, must look each lot up by its key.
CREATE FUNCTION lot_uses_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT SET enable_hashjoin = off SET enable_mergejoin = off
    SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
    u record;
    wrong text;
    lots bigint;
    changed bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM given WHERE kind IN ('give_back', 'close')) THEN
        FOR u IN SELECT * FROM given ORDER BY account_id, asset, edition, number LOOP
            PERFORM lot_used(u.account_id, u.asset, u.edition, u.lot, u.kind, u.number, u.returns,
                             u.qty, u.basis);
        END LOOP;
        RETURN NULL;
    END IF;
    -- Nobody writes on in lots that were made anew: a second writer reads again.
    SELECT format('edition %s of %s is not in force', g.edition, g.asset) INTO wrong
      FROM (SELECT DISTINCT account_id, asset, edition FROM given) g
     WHERE g.edition <> (SELECT max(e.edition) FROM lot_edition e
                          WHERE e.account_id = g.account_id AND e.asset = g.asset) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'unique_violation';
    END IF;
    SELECT count(*), min(format('use %s of %s is out of turn', first, asset))
                     FILTER (WHERE first < reached)
      INTO lots, wrong
      FROM (SELECT asset, min(number) AS first,
                   lag(max(number)) OVER (PARTITION BY account_id, asset, edition ORDER BY lot)
                       AS reached
              FROM given GROUP BY account_id, asset, edition, lot) each_lot;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'check_violation';
    END IF;
    UPDATE lot l SET qty_left = l.qty_left - t.qty, basis_left = l.basis_left - t.basis
      FROM (SELECT account_id, asset, edition, lot, sum(qty) AS qty, sum(basis) AS basis
              FROM given GROUP BY 1, 2, 3, 4) t
     WHERE l.account_id = t.account_id AND l.asset = t.asset AND l.edition = t.edition
       AND l.number = t.lot AND NOT l.closed;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed <> lots THEN
        SELECT format('lot %s of %s is closed, or not whole', g.lot, g.asset) INTO wrong
          FROM given g
         WHERE NOT EXISTS (SELECT 1 FROM lot l
                            WHERE l.account_id = g.account_id AND l.asset = g.asset
                              AND l.edition = g.edition AND l.number = g.lot AND NOT l.closed)
         LIMIT 1;
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'check_violation';
    END IF;
    SELECT format('lot %s of %s is open, and older than %s', elder.number, t.asset, t.lot)
      INTO wrong
      FROM (SELECT DISTINCT account_id, asset, edition, lot FROM given) t,
           LATERAL (SELECT l.number, l.qty_left FROM lot l
                     WHERE l.account_id = t.account_id AND l.asset = t.asset
                       AND l.edition = t.edition AND l.number < t.lot AND NOT l.closed
                     ORDER BY l.number DESC LIMIT 1) elder
     WHERE elder.qty_left > 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- Neighbours are found by the key, however many lots there are. Whoever calls it by hand is refused
-- where it changes the lot.
CREATE FUNCTION lot_used(whose text, what text, of_edition int, of_lot int, how text,
                         use_number int, undoes int, taken numeric, cost numeric)
    RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    sign int := -1;
    other record;
BEGIN
    -- Nobody writes on in lots that were made anew: a second writer reads again.
    IF of_edition <> (SELECT max(e.edition) FROM lot_edition e
                       WHERE e.account_id = whose AND e.asset = what) THEN
        RAISE EXCEPTION 'edition % of % is not in force', of_edition, what
            USING ERRCODE = 'unique_violation';
    END IF;
    IF how = 'give_back' THEN
        sign := 1;
        PERFORM 1 FROM lot_use u
          WHERE u.account_id = whose AND u.asset = what AND u.edition = of_edition
            AND u.number = undoes AND u.number < use_number AND u.lot = of_lot
            AND u.kind NOT IN ('give_back', 'close') AND u.qty = taken AND u.basis = cost;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'use % gives back what was not taken', use_number
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF how IN ('give_back', 'close') THEN
        SELECT l.number, l.qty_left = l.qty AS whole INTO other FROM lot l
         WHERE l.account_id = whose AND l.asset = what AND l.edition = of_edition
           AND l.number > of_lot AND NOT l.closed
         ORDER BY l.number LIMIT 1;
        IF FOUND AND (how = 'close' OR NOT other.whole) THEN
            RAISE EXCEPTION 'lot % of % is younger than %', other.number, what, of_lot
                USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        SELECT l.number, l.qty_left INTO other FROM lot l
         WHERE l.account_id = whose AND l.asset = what AND l.edition = of_edition
           AND l.number < of_lot AND NOT l.closed
         ORDER BY l.number DESC LIMIT 1;
        IF other.qty_left > 0 THEN
            RAISE EXCEPTION 'lot % of % is open, and older than %', other.number, what, of_lot
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    UPDATE lot l
       SET qty_left = qty_left + sign * taken, basis_left = basis_left + sign * cost,
           closed = how = 'close'
     WHERE l.account_id = whose AND l.asset = what AND l.edition = of_edition
       AND l.number = of_lot AND NOT l.closed
       AND (how <> 'close' OR (l.qty_left, l.qty) = (taken, taken));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lot % of % is closed, or not whole', of_lot, what
            USING ERRCODE = 'check_violation';
    END IF;
END $$;
DROP TRIGGER lot_use_guard ON lot_use;
DROP FUNCTION lot_use_guard();
CREATE TRIGGER lot_uses_guard AFTER INSERT ON lot_use REFERENCING NEW TABLE AS given
    FOR EACH STATEMENT EXECUTE FUNCTION lot_uses_guard();
-- Each use changes a lot that is there, or is refused: the guard says it, with I4.
ALTER TABLE lot_use DROP CONSTRAINT lot_use_account_id_asset_edition_lot_fkey;

-- What a person said of a row: what a deposit had cost, what a row is that cannot be told from it,
-- or which of the contents is right that came under one id. The newest of each kind is in force.
CREATE TABLE declaration (
    number     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id text    NOT NULL,
    ext_id     text    NOT NULL,
    what       text    NOT NULL CHECK (what IN ('basis', 'ruling', 'content')),
    usd        numeric CHECK (usd >= 0 AND usd NOT IN ('NaN', 'Infinity')),
    kind       text    CHECK (kind IN ('trade', 'deposit', 'withdrawal', 'income', 'move',
                                       'rollover', 'suspense')),
    -- Rows whose rulings name one event belong together.
    event      text    CHECK (event <> ''),
    sha256     text,
    time_ns    bigint,
    why        text    NOT NULL,
    at_ns      bigint  NOT NULL,
    FOREIGN KEY (account_id, ext_id) REFERENCES raw_event,
    -- Keys of corrections are the row's id, a slash, and a number.
    CHECK (what = 'basis' OR strpos(ext_id, '/') = 0),
    CHECK ((usd IS NOT NULL) = (what = 'basis')),
    CHECK ((kind IS NOT NULL) = (what = 'ruling') AND (event IS NOT NULL) = (what = 'ruling')),
    CHECK ((sha256 IS NOT NULL) = (what = 'content') AND (time_ns IS NOT NULL) = (what = 'content'))
);
CREATE INDEX declaration_row ON declaration (account_id, ext_id, what, number);
CREATE FUNCTION declaration_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.what = 'content'
       AND NOT EXISTS (SELECT 1 FROM raw_event r WHERE r.account_id = NEW.account_id
                          AND r.ext_id = NEW.ext_id AND r.sha256 = NEW.sha256)
       AND NOT EXISTS (SELECT 1 FROM raw_conflict c WHERE c.account_id = NEW.account_id
                          AND c.ext_id = NEW.ext_id AND c.sha256 = NEW.sha256) THEN
        RAISE EXCEPTION 'row % never said that', NEW.ext_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER declaration_guard BEFORE INSERT ON declaration
    FOR EACH ROW EXECUTE FUNCTION declaration_guard();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON declaration
    FOR EACH ROW EXECUTE FUNCTION deny();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON declaration
    FOR EACH STATEMENT EXECUTE FUNCTION deny();
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'zoe_books_writer') THEN
        GRANT SELECT, INSERT ON declaration TO zoe_books_writer;
    END IF;
END $$;

-- Each row of the inbox as it is booked: with its most exact time, and the content that was accepted.
CREATE VIEW row_in_force AS
SELECT r.account_id, r.ext_id, r.arrival,
       coalesce(c.said ->> 'refid', r.refid) AS refid,
       coalesce(d.time_ns, greatest(r.time_ns, f.time_ns)) AS time_ns,
       coalesce(c.said ->> 'type', r.type) AS type,
       coalesce(c.said ->> 'subtype', r.subtype) AS subtype,
       coalesce(c.said ->> 'wallet', r.wallet) AS wallet,
       coalesce(c.said ->> 'asset', r.asset) AS asset,
       coalesce(CAST(c.said ->> 'amount' AS numeric), r.amount) AS amount,
       coalesce(CAST(c.said ->> 'fee' AS numeric), r.fee) AS fee,
       coalesce(CAST(c.said ->> 'balance' AS numeric), r.balance) AS balance
  FROM raw_event r
  LEFT JOIN (SELECT account_id, ext_id, max(time_ns) AS time_ns FROM raw_refined GROUP BY 1, 2) f
       USING (account_id, ext_id)
  LEFT JOIN (SELECT DISTINCT ON (account_id, ext_id) account_id, ext_id, sha256, time_ns
               FROM declaration WHERE what = 'content'
              ORDER BY account_id, ext_id, number DESC) d USING (account_id, ext_id)
  LEFT JOIN raw_conflict c ON c.account_id = r.account_id AND c.ext_id = r.ext_id
                          AND c.sha256 = d.sha256 AND d.sha256 <> r.sha256;

CREATE OR REPLACE VIEW holdings_snapshots AS
SELECT DISTINCT ON (r.account_id, r.wallet, utc_day(r.time_ns))
       r.account_id, utc_day(r.time_ns) AS day, r.wallet, r.asset, r.balance AS quantity, r.time_ns
  FROM row_in_force r
  JOIN journal_entry e ON e.account_id = r.account_id AND e.entry_key = r.ext_id
 ORDER BY r.account_id, r.wallet, utc_day(r.time_ns), r.time_ns DESC, e.position DESC;

-- The entry that a correction takes back; in the same booking there may be several, in their order.
CREATE FUNCTION entry_named(account text, name text) RETURNS bigint LANGUAGE plpgsql STABLE
    SET search_path FROM CURRENT AS $$
DECLARE
    found bigint;
BEGIN
    SELECT e.id INTO STRICT found FROM journal_entry e
     WHERE e.account_id = account AND e.entry_key = name;
    RETURN found;
END $$;

-- As in 0004; what was declared meanwhile makes a writer read again, and corrections name what they
-- reverse.
CREATE OR REPLACE FUNCTION book(account text, batch jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
    IF CAST(batch ->> 'declared' AS bigint)
       <> (SELECT count(*) FROM declaration d WHERE d.account_id = account) THEN
        RAISE EXCEPTION 'something was declared since' USING ERRCODE = 'unique_violation';
    END IF;
    INSERT INTO asset (name, decimals)
    SELECT r ->> 0, CAST(r ->> 1 AS smallint) FROM jsonb_array_elements(batch -> 'assets') AS r
        ON CONFLICT DO NOTHING;
    INSERT INTO raw_event (account_id, ext_id, source, refid, time_ns, type, subtype, wallet, asset,
                           amount, fee, balance, sha256, correlation_id, received_ns)
    SELECT account, r ->> 0, r ->> 1, r ->> 2, CAST(r ->> 3 AS bigint), r ->> 4, r ->> 5, r ->> 6,
           r ->> 7, CAST(r ->> 8 AS numeric), CAST(r ->> 9 AS numeric), CAST(r ->> 10 AS numeric),
           r ->> 11, CAST(r ->> 12 AS bigint), CAST(r ->> 13 AS bigint)
      FROM jsonb_array_elements(batch -> 'rows') AS r;
    INSERT INTO raw_refined (account_id, ext_id, time_ns, received_ns)
    SELECT account, r ->> 0, CAST(r ->> 1 AS bigint), CAST(r ->> 2 AS bigint)
      FROM jsonb_array_elements(batch -> 'refined') AS r
        ON CONFLICT DO NOTHING;
    INSERT INTO raw_conflict (account_id, ext_id, sha256, source, said, received_ns)
    SELECT account, r ->> 0, r ->> 1, r ->> 2, r -> 3, CAST(r ->> 4 AS bigint)
      FROM jsonb_array_elements(batch -> 'conflicts') AS r
        ON CONFLICT DO NOTHING;
    WITH booked AS (
        INSERT INTO journal_entry (account_id, position, entry_key, refid, kind, time_ns, reverses)
        SELECT account, CAST(r ->> 0 AS bigint), r ->> 1, r ->> 2, r ->> 3, CAST(r ->> 4 AS bigint),
               CASE WHEN r ->> 6 IS NOT NULL THEN entry_named(account, r ->> 6) END
          FROM jsonb_array_elements(batch -> 'entries') AS r
        RETURNING id, entry_key
    )
    INSERT INTO posting (entry_id, line, account_id, account, asset, amount, ext_id, part)
    SELECT e.id, l.line, account, l.r ->> 0, l.r ->> 1, CAST(l.r ->> 2 AS numeric),
           CASE WHEN l.r ->> 3 IS NOT NULL THEN e.entry_key END, l.r ->> 3
      FROM jsonb_array_elements(batch -> 'entries') AS x JOIN booked e ON e.entry_key = x ->> 1,
           jsonb_array_elements(x -> 5) WITH ORDINALITY AS l (r, line);
    INSERT INTO mark (account_id, asset, at_ns, usd, time_ns, source, route)
    SELECT account, r ->> 0, CAST(r ->> 1 AS bigint), CAST(r ->> 2 AS numeric),
           CAST(r ->> 3 AS bigint), r ->> 4, r ->> 5
      FROM jsonb_array_elements(batch -> 'marks') AS r;
    INSERT INTO lot_edition (account_id, asset, edition, reason, at_ns)
    SELECT account, r ->> 0, CAST(r ->> 1 AS int), r ->> 2, CAST(r ->> 3 AS bigint)
      FROM jsonb_array_elements(batch -> 'editions') AS r;
    PERFORM book_uses(account, batch -> 'undone');
    INSERT INTO lot (account_id, asset, edition, number, event, time_ns, qty, basis, flag)
    SELECT account, r ->> 0, CAST(r ->> 1 AS int), CAST(r ->> 2 AS int), r ->> 3,
           CAST(r ->> 4 AS bigint), CAST(r ->> 5 AS numeric), CAST(r ->> 6 AS numeric), r ->> 7
      FROM jsonb_array_elements(batch -> 'lots') AS r;
    PERFORM book_uses(account, batch -> 'uses');
END $$;
