-- The heads of the scout's rankings, a row a pair.
CREATE VIEW candidate_scans AS
SELECT account_id,
       seq,
       (body ->> 'at_ns')::bigint         AS at_ns,
       (c ->> 'rank')::integer            AS rank,
       c ->> 'symbol'                     AS symbol,
       (c ->> 'score')::integer           AS score,
       (c ->> 'spread_ppm')::bigint       AS spread_ppm,
       (c ->> 'turnover_usd')::numeric    AS turnover_usd,
       (c ->> 'volatility_ppm')::bigint   AS volatility_ppm,
       c -> 'momentum_ppm'                AS momentum_ppm,
       (c ->> 'active')::integer          AS active,
       (c ->> 'age_ms')::bigint           AS age_ms
  FROM journal, jsonb_array_elements(body -> 'candidates') c
 WHERE kind = 'scan.ranked';
CREATE INDEX journal_scans ON journal (account_id, seq) WHERE kind = 'scan.ranked';
