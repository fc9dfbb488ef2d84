CREATE TABLE "chat_settings" (
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"time_zone" text,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "chat_settings_chat_kind_chat_id_pk" PRIMARY KEY("chat_kind","chat_id")
);
--> statement-breakpoint
CREATE TABLE "cookies" (
	"domain" text PRIMARY KEY NOT NULL,
	"sealed" text NOT NULL,
	"cookie_count" integer NOT NULL,
	"expires_at" timestamp with time zone,
	"brought_by" text NOT NULL,
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notices" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "notices_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"thread_id" text,
	"key" text NOT NULL,
	"text" text NOT NULL,
	"said_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "notices_chatKind_chatId_key_unique" UNIQUE("chat_kind","chat_id","key")
);
--> statement-breakpoint
ALTER TABLE "deliveries" DROP CONSTRAINT "deliveries_watchId_targetId_sessionId_unique";--> statement-breakpoint
DROP INDEX "sessions_one_active";--> statement-breakpoint
DROP INDEX "sessions_one_broadcast";--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "cross_id" bigint;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "source_id" bigint;--> statement-breakpoint
ALTER TABLE "sessions" ADD COLUMN "detected_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "streams" ADD COLUMN "platform_id" text;--> statement-breakpoint
ALTER TABLE "streams" ADD COLUMN "category" text;--> statement-breakpoint
ALTER TABLE "watches" ADD COLUMN "cross_id" bigint;--> statement-breakpoint
CREATE INDEX "notices_chat_kind_id_index" ON "notices" USING btree ("chat_kind","id") WHERE said_at is null;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_cross_id_streams_id_fk" FOREIGN KEY ("cross_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_source_id_streams_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "watches" ADD CONSTRAINT "watches_cross_id_streams_id_fk" FOREIGN KEY ("cross_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "deliveries_one_open" ON "deliveries" USING btree ("watch_id","target_id","session_id") WHERE closed_at is null;--> statement-breakpoint
CREATE INDEX "deliveries_watch_id_session_id_index" ON "deliveries" USING btree ("watch_id","session_id");--> statement-breakpoint
CREATE INDEX "leases_monitors" ON "leases" USING btree ("what") WHERE what like 'monitor:%';--> statement-breakpoint
CREATE INDEX "posts_posted_at_index" ON "posts" USING btree ("posted_at");--> statement-breakpoint
CREATE INDEX "watches_cross_id_index" ON "watches" USING btree ("cross_id") WHERE ended_at is null and cross_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_one_active" ON "sessions" USING btree ("stream_id",coalesce(cross_id, 0)) WHERE state in ('waiting', 'starting', 'recording', 'reconnecting');--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_one_broadcast" ON "sessions" USING btree ("stream_id",coalesce(cross_id, 0),"broadcast_id") WHERE broadcast_id is not null and continues_id is null;