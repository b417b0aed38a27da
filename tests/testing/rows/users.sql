INSERT INTO users (id, tenant_id, name, email, password_hash) VALUES
    ('1', 't', 'Ann', 'ann@example.org', 'x'),
    ('2', 't', 'Bob', 'bob@example.org', 'x');
