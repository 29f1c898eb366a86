-- A tenant's migration reaches shared tables by their full name.
CREATE TABLE orders (
    id BIGINT PRIMARY KEY,
    user_id BIGINT NOT NULL REFERENCES public.users (id),
    item_id BIGINT NOT NULL REFERENCES items (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0)
);

CREATE INDEX orders_user_id ON orders (user_id);
