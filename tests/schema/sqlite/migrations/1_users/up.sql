CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    "full name" TEXT NOT NULL,
    type VARCHAR(20),
    is_admin BOOLEAN NOT NULL DEFAULT 0
);
CREATE TABLE memberships (
    user_id INTEGER NOT NULL REFERENCES users,
    team TEXT NOT NULL,
    since TIMESTAMP,
    PRIMARY KEY (team, user_id)
) WITHOUT ROWID;
