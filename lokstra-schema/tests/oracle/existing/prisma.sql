--- base
CREATE EXTENSION IF NOT EXISTS pgcrypto;
--- up
-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";
-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL DEFAULT gen_random_uuid(),
    "userId" INTEGER NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'USER',
    "roles" "Role"[] DEFAULT ARRAY['USER']::"Role"[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "meta" JSONB NOT NULL DEFAULT '{}',
    "price" DECIMAL(65,30),
    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);
CREATE TABLE "_CategoryToUser" ("A" INTEGER NOT NULL, "B" TEXT NOT NULL);
CREATE TABLE "Category" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, PRIMARY KEY ("id"));
CREATE UNIQUE INDEX "User_userId_key" ON "User"("userId");
CREATE UNIQUE INDEX "_CategoryToUser_AB_unique" ON "_CategoryToUser"("A", "B");
CREATE INDEX "_CategoryToUser_B_index" ON "_CategoryToUser"("B");
ALTER TABLE "_CategoryToUser" ADD CONSTRAINT "_CategoryToUser_A_fkey" FOREIGN KEY ("A") REFERENCES "Category"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_CategoryToUser" ADD FOREIGN KEY ("B") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;
--- up
-- AlterEnum
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'OWNER');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "roles" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TABLE "User" ALTER COLUMN "roles" TYPE "Role_new"[] USING ("roles"::text::"Role_new"[]);
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;
-- RedefineTables
ALTER TABLE "User" DROP CONSTRAINT "User_pkey" CASCADE,
DROP COLUMN "userId",
ADD COLUMN     "userId" TEXT NOT NULL DEFAULT 'x',
ADD CONSTRAINT "User_pkey" PRIMARY KEY ("userId");
ALTER INDEX "_CategoryToUser_AB_unique" RENAME TO "_CategoryToUser_AB_pkey1";
ALTER TABLE "_CategoryToUser" ADD CONSTRAINT "_CategoryToUser_AB_pkey" PRIMARY KEY ("A", "B");
DROP INDEX "_CategoryToUser_AB_pkey1";
ALTER TABLE "Category" RENAME CONSTRAINT "Category_pkey" TO "Category_primary";
ALTER TABLE "Category" ALTER COLUMN "id" DROP DEFAULT;
DROP SEQUENCE "Category_id_seq";
UPDATE "User" SET "meta" = jsonb_set("meta", '{a}', to_jsonb("User"."price")) WHERE "User"."createdAt" < now() - interval '1 day' AND "meta"->>'a' IS NULL;
INSERT INTO "Category" ("id", "name") SELECT row_number() OVER (), u."role"::text FROM "User" u GROUP BY u."role" ON CONFLICT ("id") DO UPDATE SET "name" = EXCLUDED."name";
WITH ranked AS (SELECT "id", row_number() OVER (PARTITION BY "name" ORDER BY "id") AS rn FROM "Category")
DELETE FROM "Category" c USING ranked r WHERE c."id" = r."id" AND r.rn > 1;
--- down
ALTER TABLE "Category" RENAME CONSTRAINT "Category_primary" TO "Category_pkey";
ALTER TABLE "_CategoryToUser" DROP CONSTRAINT "_CategoryToUser_AB_pkey";
CREATE UNIQUE INDEX "_CategoryToUser_AB_unique" ON "_CategoryToUser"("A", "B");
ALTER TABLE "User" DROP CONSTRAINT "User_pkey";
ALTER TABLE "User" DROP COLUMN "userId", ADD COLUMN "userId" INTEGER, ADD PRIMARY KEY ("id");
ALTER TABLE "_CategoryToUser" ADD FOREIGN KEY ("B") REFERENCES "User";
