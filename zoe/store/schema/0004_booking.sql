-- One call a booking: what belongs together is durable together, in one round trip. It runs with
-- the rights of the books' writer, who can only insert. Numbers come as text; rows as arrays.
CREATE FUNCTION book(account text, batch jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
BEGIN
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
        INSERT INTO journal_entry (account_id, position, entry_key, refid, kind, time_ns)
        SELECT account, CAST(r ->> 0 AS bigint), r ->> 1, r ->> 2, r ->> 3, CAST(r ->> 4 AS bigint)
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

CREATE FUNCTION book_uses(account text, uses jsonb) RETURNS void LANGUAGE sql
    SET search_path FROM CURRENT AS $$
    INSERT INTO lot_use (account_id, asset, edition, number, lot, event, time_ns, kind, qty, basis,
                         proceeds, returns)
    SELECT account, r ->> 0, CAST(r ->> 1 AS int), CAST(r ->> 2 AS int), CAST(r ->> 3 AS int),
           r ->> 4, CAST(r ->> 5 AS bigint), r ->> 6, CAST(r ->> 7 AS numeric),
           CAST(r ->> 8 AS numeric), CAST(r ->> 9 AS numeric), CAST(r ->> 10 AS int)
      FROM jsonb_array_elements(uses) AS r
$$;

-- Whoever may not hand a function over keeps its rights, under the triggers' guard all the same.
DO $$
BEGIN
    REVOKE ALL ON FUNCTION book(text, jsonb) FROM PUBLIC;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'zoe_books_writer') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION book(text, jsonb) TO %I', current_user);
        ALTER FUNCTION book(text, jsonb) OWNER TO zoe_books_writer;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END $$;
