-- The old spelling is not known any more.
DROP INDEX users_email;
