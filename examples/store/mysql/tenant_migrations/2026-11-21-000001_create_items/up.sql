-- Each tenant has its own catalogue, at its own prices.
CREATE TABLE items (
    id BIGINT NOT NULL PRIMARY KEY,
    description TEXT NOT NULL,
    price INTEGER NOT NULL CHECK (price >= 0)
);
