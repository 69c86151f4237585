-- Orders with the terms that they have since their newest amend, whoever made it; the opening row
-- keeps what was intended. A quantity below what was filled is what was filled. Each order's rows
-- are looked up, so that a few orders cost little however many there are.
CREATE OR REPLACE VIEW orders AS
SELECT o.account_id,
       o.body ->> 'intent_id'                AS intent_id,
       o.body ->> 'cl_ord_id'                AS cl_ord_id,
       s.order_id,
       o.body ->> 'pair'                     AS pair,
       o.body ->> 'side'                     AS side,
       o.body ->> 'order_type'               AS order_type,
       CASE WHEN s.amend IS NULL THEN (o.body ->> 'quantity')::numeric
            ELSE greatest((s.amend ->> 'quantity')::numeric, s.filled) END AS quantity,
       (coalesce(s.amend, o.body) ->> 'limit_price')::numeric AS limit_price,
       s.filled                              AS filled_quantity,
       s.latest ->> 'state'                  AS state,
       o.body ->> 'source'                   AS source,
       o.body ->> 'slot'                     AS slot,
       s.latest ->> 'reason'                 AS reason,
       o.at_ns                               AS created_ns,
       s.changed_ns,
       o.seq
  FROM journal o
 CROSS JOIN LATERAL (
    SELECT max(body ->> 'order_id') AS order_id,
           coalesce(sum((body ->> 'quantity')::numeric) FILTER (WHERE kind = 'order.fill'), 0)
               AS filled,
           (array_agg(body ORDER BY version DESC) FILTER (WHERE kind = 'order.amended'))[1]
               AS amend,
           (array_agg(body ORDER BY version DESC))[1] AS latest,
           (array_agg(at_ns ORDER BY version DESC))[1] AS changed_ns
      FROM journal
     WHERE account_id = o.account_id AND stream = o.stream
 ) s
 WHERE o.stream LIKE 'order/%' AND o.version = 1;
