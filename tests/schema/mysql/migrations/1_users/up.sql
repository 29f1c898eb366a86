CREATE TABLE users (
    id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    full_name VARCHAR(100) NOT NULL COMMENT 'As it is written',
    `type` VARCHAR(20),
    is_admin BOOLEAN NOT NULL DEFAULT FALSE
) COMMENT 'Who may log in';

CREATE TABLE memberships (
    user_id BIGINT UNSIGNED NOT NULL,
    team VARCHAR(20) NOT NULL,
    PRIMARY KEY (team, user_id),
    FOREIGN KEY (user_id) REFERENCES users (id)
);
