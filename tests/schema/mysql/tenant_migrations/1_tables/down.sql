DROP VIEW dear_items; DROP TABLE keyless; DROP TABLE places; DROP TABLE orders; DROP TABLE items;
