CREATE TABLE "place_limits" (
	"account" text NOT NULL,
	"place_id" text NOT NULL,
	"basis_bytes" bigint NOT NULL,
	"file_bytes" bigint,
	"message_bytes" bigint,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "place_limits_account_place_id_pk" PRIMARY KEY("account","place_id")
);
--> statement-breakpoint
ALTER TABLE "targets" ADD COLUMN "options" jsonb DEFAULT '{}'::jsonb NOT NULL;