-- What a strategy saw when it decided takes most of the journal's room: once it is old it may go. All
-- else of the row stays, and so does every other row.
CREATE FUNCTION journal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.kind = 'decision.made'
           AND OLD.at_ns < (extract(epoch FROM clock_timestamp()) - 86400) * 1000000000
           AND NEW.body = OLD.body - 'made'
           AND (NEW.seq, NEW.account_id, NEW.stream, NEW.version, NEW.kind, NEW.at_ns,
                NEW.message_id, NEW.correlation_id, NEW.causation_id, NEW.anchor_seq)
               IS NOT DISTINCT FROM
               (OLD.seq, OLD.account_id, OLD.stream, OLD.version, OLD.kind, OLD.at_ns,
                OLD.message_id, OLD.correlation_id, OLD.causation_id, OLD.anchor_seq)
        THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP;
END $$;
DROP TRIGGER journal_append_only ON journal;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION journal_guard();
-- Those that are still there, oldest first.
CREATE INDEX journal_views ON journal (account_id, at_ns)
 WHERE kind = 'decision.made' AND body ? 'made';
