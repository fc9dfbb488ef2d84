CREATE TABLE "chapters" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "chapters_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"session_id" bigint NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"title" text,
	"category" text
);
--> statement-breakpoint
CREATE TABLE "inbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "inbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account" text NOT NULL,
	"event_id" text NOT NULL,
	"chat_id" text NOT NULL,
	"body" jsonb NOT NULL,
	"handled_at" timestamp with time zone,
	"reply" jsonb,
	"replied_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "inbox_account_eventId_unique" UNIQUE("account","event_id")
);
--> statement-breakpoint
CREATE TABLE "sightings" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sightings_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account" text NOT NULL,
	"chat_id" text NOT NULL,
	"message_id" text NOT NULL,
	"origin_chat_id" text NOT NULL,
	"origin_message_id" text NOT NULL,
	"file_unique_id" text,
	"text" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "sightings_account_chatId_messageId_unique" UNIQUE("account","chat_id","message_id")
);
--> statement-breakpoint
CREATE TABLE "upload_rates" (
	"account" text PRIMARY KEY NOT NULL,
	"bytes_per_second" double precision NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "posts" ADD COLUMN "sent_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "chapters" ADD CONSTRAINT "chapters_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chapters_session_id_at_index" ON "chapters" USING btree ("session_id","at");--> statement-breakpoint
CREATE INDEX "inbox_account_id_index" ON "inbox" USING btree ("account","id") WHERE handled_at is null;--> statement-breakpoint
CREATE INDEX "sightings_account_origin_chat_id_origin_message_id_index" ON "sightings" USING btree ("account","origin_chat_id","origin_message_id");