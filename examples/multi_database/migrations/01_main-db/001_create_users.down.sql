-- Rollback: 001 Create users

DROP TABLE users;
