-- One-minute bars of pairs that were in focus, and what was filled in from the exchange's own candles.
-- No account's: of a market, which is the exchange itself or a sandbox.
CREATE TABLE bar (
    market   text    NOT NULL,
    pair     text    NOT NULL,
    begin_ns bigint  NOT NULL CHECK (begin_ns % 60000000000 = 0),
    open     numeric NOT NULL CHECK (open > 0),
    high     numeric NOT NULL CHECK (high >= open AND high >= close),
    low      numeric NOT NULL CHECK (low > 0 AND low <= open AND low <= close),
    close    numeric NOT NULL CHECK (close > 0),
    volume   numeric NOT NULL CHECK (volume >= 0),
    -- Weighted by volume, rounded to 18 digits; 0 where nothing was traded.
    vwap     numeric NOT NULL,
    trades   integer NOT NULL CHECK (trades >= 0),
    -- Whether every trade of the minute is in it.
    whole    boolean NOT NULL,
    source   text    NOT NULL CHECK (source IN ('trades', 'rest')),
    PRIMARY KEY (market, pair, begin_ns)
);
