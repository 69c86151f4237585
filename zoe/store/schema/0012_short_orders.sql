-- Orders of which the exchange has reported more than the fills that are here: whatever their state,
-- they are not done. Few are, and most only for a moment.
CREATE INDEX journal_short ON journal (account_id, stream)
 WHERE stream LIKE 'order/%' AND (body ->> 'fills_missing') = 'true';
