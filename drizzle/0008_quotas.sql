CREATE TABLE "quotas" (
	"key" text PRIMARY KEY NOT NULL,
	"day" text NOT NULL,
	"used_count" integer NOT NULL
);
