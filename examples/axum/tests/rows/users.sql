INSERT INTO users (name, email) VALUES ('Grace', 'grace@example.org');
