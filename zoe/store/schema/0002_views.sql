-- Views with the names that people's dashboards use. Quantities in base, prices, costs in quote.
CREATE VIEW fills AS
SELECT account_id,
       split_part(stream, '/', 3)          AS intent_id,
       body ->> 'order_id'                 AS order_id,
       body ->> 'exec_id'                  AS exec_id,
       (body ->> 'trade_id')::bigint       AS trade_id,
       body ->> 'pair'                     AS pair,
       body ->> 'side'                     AS side,
       (body ->> 'quantity')::numeric      AS quantity,
       (body ->> 'price')::numeric         AS price,
       (body ->> 'cost')::numeric          AS cost,
       (body ->> 'fee')::numeric           AS fee,
       body ->> 'fee_asset'                AS fee_asset,
       body ->> 'liquidity'                AS liquidity,
       (body ->> 'exchange_ns')::bigint    AS exchange_ns,
       seq
  FROM journal
 WHERE kind = 'order.fill';

CREATE VIEW orders AS
WITH opening AS (
    SELECT * FROM journal WHERE stream LIKE 'order/%' AND version = 1
), latest AS (
    SELECT DISTINCT ON (account_id, stream) account_id, stream, at_ns, body
      FROM journal WHERE stream LIKE 'order/%' ORDER BY account_id, stream, version DESC
), named AS (
    SELECT account_id, stream, max(body ->> 'order_id') AS order_id
      FROM journal WHERE stream LIKE 'order/%' GROUP BY account_id, stream
), filled AS (
    SELECT account_id, 'order/' || account_id || '/' || intent_id AS stream,
           sum(quantity) AS quantity
      FROM fills GROUP BY 1, 2
)
SELECT o.account_id,
       o.body ->> 'intent_id'                AS intent_id,
       o.body ->> 'cl_ord_id'                AS cl_ord_id,
       n.order_id,
       o.body ->> 'pair'                     AS pair,
       o.body ->> 'side'                     AS side,
       o.body ->> 'order_type'               AS order_type,
       (o.body ->> 'quantity')::numeric      AS quantity,
       (o.body ->> 'limit_price')::numeric   AS limit_price,
       coalesce(f.quantity, 0)               AS filled_quantity,
       l.body ->> 'state'                    AS state,
       o.body ->> 'source'                   AS source,
       o.body ->> 'slot'                     AS slot,
       l.body ->> 'reason'                   AS reason,
       o.at_ns                               AS created_ns,
       l.at_ns                               AS changed_ns,
       o.seq
  FROM opening o
  JOIN latest l USING (account_id, stream)
  JOIN named n USING (account_id, stream)
  LEFT JOIN filled f USING (account_id, stream);

-- What each wallet of an account holds: the newest snapshot, and every ledger row since.
CREATE VIEW accounts AS
WITH snapshot AS (
    SELECT DISTINCT ON (account_id) account_id, seq, at_ns, body
      FROM journal WHERE kind = 'balance.snapshot' ORDER BY account_id, seq DESC
), said AS (
    SELECT s.account_id, s.seq, s.at_ns, b ->> 'asset' AS asset, b ->> 'wallet_type' AS wallet_type,
           b ->> 'wallet_id' AS wallet_id, (b ->> 'balance')::numeric AS balance
      FROM snapshot s, jsonb_array_elements(s.body -> 'balances') b
    UNION ALL
    SELECT j.account_id, j.seq, j.at_ns, j.body ->> 'asset', j.body ->> 'wallet_type',
           j.body ->> 'wallet_id', (j.body ->> 'balance')::numeric
      FROM journal j LEFT JOIN snapshot s USING (account_id)
     WHERE j.kind = 'balance.changed' AND j.seq > coalesce(s.seq, 0)
)
SELECT DISTINCT ON (account_id, asset, wallet_type, wallet_id)
       account_id, asset, wallet_type, wallet_id, balance, at_ns
  FROM said
 ORDER BY account_id, asset, wallet_type, wallet_id, seq DESC;
