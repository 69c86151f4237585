-- Orders with the terms that they have since their newest amend, whoever made it; the opening row
-- keeps what was intended. A quantity below what was filled is what was filled.
CREATE OR REPLACE VIEW orders AS
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
), amended AS (
    SELECT DISTINCT ON (account_id, stream) account_id, stream,
           (body ->> 'quantity')::numeric AS quantity, (body ->> 'limit_price')::numeric AS limit_price
      FROM journal WHERE kind = 'order.amended' ORDER BY account_id, stream, version DESC
)
SELECT o.account_id,
       o.body ->> 'intent_id'                AS intent_id,
       o.body ->> 'cl_ord_id'                AS cl_ord_id,
       n.order_id,
       o.body ->> 'pair'                     AS pair,
       o.body ->> 'side'                     AS side,
       o.body ->> 'order_type'               AS order_type,
       CASE WHEN a.stream IS NULL THEN (o.body ->> 'quantity')::numeric
            ELSE greatest(a.quantity, coalesce(f.quantity, 0)) END AS quantity,
       CASE WHEN a.stream IS NULL THEN (o.body ->> 'limit_price')::numeric
            ELSE a.limit_price END           AS limit_price,
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
  LEFT JOIN filled f USING (account_id, stream)
  LEFT JOIN amended a USING (account_id, stream);
