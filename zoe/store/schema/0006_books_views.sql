-- Views of the books with the names that people's dashboards use; docs/views.md has their columns.
-- Money in USD, quantities in units of the asset, days and times in UTC.

-- Lots and uses of the editions in force, without what was undone.
CREATE VIEW lots AS
SELECT l.account_id, l.asset, l.number, l.event, l.time_ns, l.qty AS quantity, l.basis,
       l.qty_left AS quantity_left, l.basis_left, l.flag
  FROM lot l
  JOIN (SELECT account_id, asset, max(edition) AS edition FROM lot_edition GROUP BY 1, 2) e
       USING (account_id, asset, edition)
 WHERE NOT l.closed;

CREATE VIEW disposals AS
SELECT u.account_id, u.asset, u.number, u.event, u.kind, u.time_ns, l.time_ns AS acquired_ns,
       u.qty AS quantity, u.proceeds, u.basis, u.gain, u.lot, l.flag
  FROM lot_use u
  JOIN (SELECT account_id, asset, max(edition) AS edition FROM lot_edition GROUP BY 1, 2) e
       USING (account_id, asset, edition)
  JOIN lot l ON (l.account_id, l.asset, l.edition, l.number)
              = (u.account_id, u.asset, u.edition, u.lot)
 WHERE u.kind NOT IN ('give_back', 'close')
   AND NOT EXISTS (SELECT 1 FROM lot_use b
                    WHERE (b.account_id, b.asset, b.edition, b.returns)
                        = (u.account_id, u.asset, u.edition, u.number));

CREATE VIEW positions AS
WITH newest AS (
    SELECT DISTINCT ON (account_id, asset) account_id, asset, usd, time_ns
      FROM mark ORDER BY account_id, asset, time_ns DESC
)
SELECT account_id, asset, sum(quantity_left) AS quantity, sum(basis_left) AS basis,
       sum(basis_left) / sum(quantity_left) AS average_cost, min(l.time_ns) AS opened_ns,
       n.usd AS mark, n.time_ns AS mark_ns, sum(quantity_left) * n.usd AS value,
       sum(quantity_left) * n.usd - sum(basis_left) AS unrealized
  FROM lots l LEFT JOIN newest n USING (account_id, asset)
 WHERE quantity_left > 0
 GROUP BY account_id, asset, n.usd, n.time_ns;

CREATE FUNCTION utc_day(at_ns bigint) RETURNS date LANGUAGE sql IMMUTABLE
    RETURN DATE '1970-01-01' + CAST(at_ns / 86400000000000 AS int);

CREATE VIEW pnl_daily AS
WITH gains AS (
    -- What a fee took is a cost at its basis: its gain and its expense together.
    SELECT account_id, utc_day(time_ns) AS day,
           CASE kind WHEN 'sale' THEN gain WHEN 'fee' THEN -basis WHEN 'reversed_income' THEN gain
                     ELSE 0 END AS realized,
           CASE kind WHEN 'reversed_income' THEN -proceeds ELSE 0 END AS income,
           CAST(0 AS numeric) AS cash_fees, CAST(0 AS numeric) AS external_cash
      FROM disposals
    UNION ALL
    SELECT account_id, utc_day(time_ns), 0, basis, 0, 0 FROM lots WHERE event LIKE '%:income/%'
    UNION ALL
    SELECT e.account_id, utc_day(e.time_ns), 0,
           CASE WHEN p.account = 'income:rewards' THEN -p.amount ELSE 0 END,
           CASE WHEN p.account = 'expenses:fees' AND e.kind <> 'trade' THEN p.amount ELSE 0 END,
           CASE WHEN p.account LIKE 'external:%' THEN -p.amount ELSE 0 END
      FROM posting p JOIN journal_entry e ON e.id = p.entry_id
     WHERE p.asset = 'USD'
       AND (p.account = 'income:rewards' OR p.account LIKE 'external:%'
            OR (p.account = 'expenses:fees' AND e.kind <> 'trade'))
)
SELECT account_id, day, sum(realized) - sum(cash_fees) AS realized, sum(income) AS income,
       sum(cash_fees) AS cash_fees, sum(external_cash) AS external_cash
  FROM gains GROUP BY account_id, day;

-- What a wallet held at the end of each day on which it changed.
CREATE VIEW holdings_snapshots AS
SELECT DISTINCT ON (r.account_id, r.wallet, utc_day(r.time_ns))
       r.account_id, utc_day(r.time_ns) AS day, r.wallet, r.asset, r.balance AS quantity, r.time_ns
  FROM raw_event r
  JOIN journal_entry e ON e.account_id = r.account_id AND e.entry_key = r.ext_id
 ORDER BY r.account_id, r.wallet, utc_day(r.time_ns), r.time_ns DESC, e.position DESC;

CREATE VIEW cash_snapshots AS
SELECT account_id, day, asset AS currency, quantity AS balance, time_ns
  FROM holdings_snapshots
 WHERE asset IN ('USD', 'EUR', 'GBP', 'CAD', 'AUD', 'CHF', 'JPY', 'AED');

-- Standing checks (I1 to I5): must be empty.
CREATE VIEW violation AS
SELECT account_id, 'I1' AS invariant,
       format('entry %s does not balance in %s', entry_id, asset) AS found
  FROM posting GROUP BY account_id, entry_id, asset HAVING sum(amount) <> 0
UNION ALL
SELECT b.account_id, 'I2', format('%s is kept as %s', b.account, b.amount)
  FROM book_balance b
 WHERE b.amount <> (SELECT coalesce(sum(p.amount), 0) FROM posting p
                     WHERE (p.account_id, p.account, p.asset) = (b.account_id, b.account, b.asset))
UNION ALL
SELECT l.account_id, 'I4', format('lot %s of %s does not equal its uses', l.number, l.asset)
  FROM lot l
  LEFT JOIN (
      SELECT account_id, asset, edition, lot,
             sum(CASE kind WHEN 'give_back' THEN -qty ELSE qty END) AS qty,
             sum(CASE kind WHEN 'give_back' THEN -basis ELSE basis END) AS basis
        FROM lot_use GROUP BY account_id, asset, edition, lot
  ) u ON (u.account_id, u.asset, u.edition, u.lot)
       = (l.account_id, l.asset, l.edition, l.number)
 WHERE l.qty - l.qty_left <> coalesce(u.qty, 0) OR l.basis - l.basis_left <> coalesce(u.basis, 0)
UNION ALL
SELECT r.account_id, 'I5', format('row %s is booked otherwise than it says', r.ext_id)
  FROM raw_event r
  JOIN posting p ON p.account_id = r.account_id AND p.ext_id = r.ext_id
 WHERE p.amount <> CASE p.part WHEN 'amount' THEN r.amount ELSE -r.fee END;
