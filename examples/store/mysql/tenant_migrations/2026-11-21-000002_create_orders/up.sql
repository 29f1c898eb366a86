-- A tenant's migration reaches shared tables by their full name.
CREATE TABLE orders (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    item_id BIGINT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    FOREIGN KEY (user_id) REFERENCES public.users (id),
    FOREIGN KEY (item_id) REFERENCES items (id)
);
