CREATE TABLE "audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"user_id" text NOT NULL,
	"user_name" text DEFAULT '' NOT NULL,
	"action" text NOT NULL,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "checks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"stream_id" bigint NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"count" integer DEFAULT 1 NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cuts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "cuts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rendition_id" bigint NOT NULL,
	"from_sequence" integer NOT NULL,
	"to_sequence" integer DEFAULT -1 NOT NULL,
	"limit_bytes" bigint NOT NULL,
	"split_ms" double precision DEFAULT 0 NOT NULL,
	"margin" double precision NOT NULL,
	"previous_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "cuts_key" UNIQUE("rendition_id","from_sequence","to_sequence","limit_bytes","split_ms","margin")
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "deliveries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"watch_id" bigint NOT NULL,
	"target_id" bigint NOT NULL,
	"session_id" bigint NOT NULL,
	"rendition_id" bigint NOT NULL,
	"cut_id" bigint,
	"state" text DEFAULT 'collecting' NOT NULL,
	"from_sequence" integer DEFAULT 0 NOT NULL,
	"to_sequence" integer,
	"closed_at" timestamp with time zone,
	"close_reason" text,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deliveries_watchId_targetId_sessionId_unique" UNIQUE("watch_id","target_id","session_id")
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"subject_id" bigint NOT NULL,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gaps" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "gaps_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rendition_id" bigint NOT NULL,
	"take_id" bigint,
	"kind" text DEFAULT 'gap' NOT NULL,
	"at_ms" double precision NOT NULL,
	"length_ms" double precision NOT NULL,
	"cause" text NOT NULL,
	"detail" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gates" (
	"key" text PRIMARY KEY NOT NULL,
	"next_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "grants" (
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"user_id" text NOT NULL,
	"role" text NOT NULL,
	"granted_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "grants_chat_kind_chat_id_user_id_pk" PRIMARY KEY("chat_kind","chat_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "leases" (
	"what" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"fence" bigint DEFAULT 1 NOT NULL,
	"until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "parts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "parts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"cut_id" bigint NOT NULL,
	"rendition_id" bigint NOT NULL,
	"from_sequence" integer NOT NULL,
	"to_sequence" integer NOT NULL,
	"start_ms" double precision NOT NULL,
	"length_ms" double precision NOT NULL,
	"size_bytes" bigint NOT NULL,
	"is_oversized" boolean DEFAULT false NOT NULL,
	"width" integer,
	"height" integer,
	"frame_count" integer,
	"hash" text,
	"file_name" text,
	"made_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "parts_cutId_fromSequence_unique" UNIQUE("cut_id","from_sequence")
);
--> statement-breakpoint
CREATE TABLE "posts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "posts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"delivery_id" bigint NOT NULL,
	"kind" text NOT NULL,
	"ordinal" integer NOT NULL,
	"state" text DEFAULT 'planned' NOT NULL,
	"part_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"content" jsonb NOT NULL,
	"id_floor" text,
	"posted" jsonb,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"error" text,
	"posted_at" timestamp with time zone,
	"edited_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "posts_deliveryId_kind_ordinal_unique" UNIQUE("delivery_id","kind","ordinal")
);
--> statement-breakpoint
CREATE TABLE "renditions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "renditions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"session_id" bigint NOT NULL,
	"name" text NOT NULL,
	"kind" text DEFAULT 'captured' NOT NULL,
	"ended_at" timestamp with time zone,
	"end_reason" text,
	"kept_at" timestamp with time zone,
	"trouble" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "renditions_sessionId_name_unique" UNIQUE("session_id","name")
);
--> statement-breakpoint
CREATE TABLE "segments" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "segments_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rendition_id" bigint NOT NULL,
	"take_id" bigint NOT NULL,
	"track" integer DEFAULT 0 NOT NULL,
	"seq" integer NOT NULL,
	"media_sequence" integer NOT NULL,
	"key" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"start_ms" double precision NOT NULL,
	"length_ms" double precision NOT NULL,
	"is_independent" boolean NOT NULL,
	"starts_run" boolean DEFAULT false NOT NULL,
	"frame_count" integer DEFAULT 0 NOT NULL,
	"source_sequence" bigint NOT NULL,
	"source_count" integer DEFAULT 1 NOT NULL,
	"playlist" text NOT NULL,
	"program_date_time" timestamp with time zone,
	"hashes" jsonb NOT NULL,
	"kept_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "segments_takeId_track_seq_unique" UNIQUE("take_id","track","seq"),
	CONSTRAINT "segments_renditionId_track_mediaSequence_unique" UNIQUE("rendition_id","track","media_sequence"),
	CONSTRAINT "segments_key_unique" UNIQUE("key"),
	CONSTRAINT "segments_size" CHECK (size_bytes > 0 and length_ms > 0)
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "sessions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"stream_id" bigint NOT NULL,
	"state" text NOT NULL,
	"broadcast_id" text,
	"title" text,
	"category" text,
	"scheduled_for" timestamp with time zone,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lost_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"end_reason" text,
	"continues_id" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "streams" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "streams_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"platform" text NOT NULL,
	"channel" text NOT NULL,
	"url" text NOT NULL,
	"title" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "streams_platform_channel_unique" UNIQUE("platform","channel")
);
--> statement-breakpoint
CREATE TABLE "takes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "takes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"rendition_id" bigint NOT NULL,
	"ordinal" integer NOT NULL,
	"stream_id" bigint NOT NULL,
	"worker" text NOT NULL,
	"fence" bigint NOT NULL,
	"codecs" jsonb NOT NULL,
	"start_ms" double precision NOT NULL,
	"discontinuity_sequence" integer DEFAULT 0 NOT NULL,
	"init_key" text,
	"probation_until" timestamp with time zone,
	"withheld_reason" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "takes_renditionId_ordinal_unique" UNIQUE("rendition_id","ordinal")
);
--> statement-breakpoint
CREATE TABLE "targets" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "targets_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"address" text NOT NULL,
	"discussion" text,
	"vault" text,
	"limits" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"post_mode" text DEFAULT 'auto' NOT NULL,
	"is_default" boolean DEFAULT false NOT NULL,
	"removed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "uploads" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "uploads_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"part_id" bigint NOT NULL,
	"account" text NOT NULL,
	"state" text DEFAULT 'waiting' NOT NULL,
	"sent_bytes" bigint DEFAULT 0 NOT NULL,
	"remote" jsonb,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"error" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "uploads_partId_account_unique" UNIQUE("part_id","account")
);
--> statement-breakpoint
CREATE TABLE "watch_targets" (
	"watch_id" bigint NOT NULL,
	"target_id" bigint NOT NULL,
	"position" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "watch_targets_watch_id_target_id_pk" PRIMARY KEY("watch_id","target_id")
);
--> statement-breakpoint
CREATE TABLE "watches" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "watches_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"stream_id" bigint NOT NULL,
	"chat_kind" text NOT NULL,
	"chat_id" text NOT NULL,
	"thread_id" text,
	"language" text DEFAULT 'en' NOT NULL,
	"created_by" text NOT NULL,
	"mode" text DEFAULT 'record' NOT NULL,
	"once" boolean DEFAULT false NOT NULL,
	"quality" text DEFAULT 'best' NOT NULL,
	"rules" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"paused_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "web_messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "web_messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"chat_id" text NOT NULL,
	"parent_id" bigint,
	"author" text NOT NULL,
	"user_id" text DEFAULT '' NOT NULL,
	"user_name" text DEFAULT '' NOT NULL,
	"kind" text NOT NULL,
	"content" jsonb NOT NULL,
	"media" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"nonce" text,
	"handled_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"edited_at" timestamp with time zone,
	CONSTRAINT "web_messages_nonce_unique" UNIQUE("nonce")
);
--> statement-breakpoint
ALTER TABLE "checks" ADD CONSTRAINT "checks_stream_id_streams_id_fk" FOREIGN KEY ("stream_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cuts" ADD CONSTRAINT "cuts_rendition_id_renditions_id_fk" FOREIGN KEY ("rendition_id") REFERENCES "public"."renditions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_watch_id_watches_id_fk" FOREIGN KEY ("watch_id") REFERENCES "public"."watches"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_rendition_id_renditions_id_fk" FOREIGN KEY ("rendition_id") REFERENCES "public"."renditions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "gaps" ADD CONSTRAINT "gaps_rendition_id_renditions_id_fk" FOREIGN KEY ("rendition_id") REFERENCES "public"."renditions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "parts" ADD CONSTRAINT "parts_cut_id_cuts_id_fk" FOREIGN KEY ("cut_id") REFERENCES "public"."cuts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "posts" ADD CONSTRAINT "posts_delivery_id_deliveries_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."deliveries"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "renditions" ADD CONSTRAINT "renditions_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "segments" ADD CONSTRAINT "segments_take_id_takes_id_fk" FOREIGN KEY ("take_id") REFERENCES "public"."takes"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_stream_id_streams_id_fk" FOREIGN KEY ("stream_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "takes" ADD CONSTRAINT "takes_rendition_id_renditions_id_fk" FOREIGN KEY ("rendition_id") REFERENCES "public"."renditions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "takes" ADD CONSTRAINT "takes_stream_id_streams_id_fk" FOREIGN KEY ("stream_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "uploads" ADD CONSTRAINT "uploads_part_id_parts_id_fk" FOREIGN KEY ("part_id") REFERENCES "public"."parts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "watch_targets" ADD CONSTRAINT "watch_targets_watch_id_watches_id_fk" FOREIGN KEY ("watch_id") REFERENCES "public"."watches"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "watch_targets" ADD CONSTRAINT "watch_targets_target_id_targets_id_fk" FOREIGN KEY ("target_id") REFERENCES "public"."targets"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "watches" ADD CONSTRAINT "watches_stream_id_streams_id_fk" FOREIGN KEY ("stream_id") REFERENCES "public"."streams"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_chat_kind_chat_id_index" ON "audit" USING btree ("chat_kind","chat_id");--> statement-breakpoint
CREATE INDEX "checks_stream_id_id_index" ON "checks" USING btree ("stream_id","id");--> statement-breakpoint
CREATE INDEX "deliveries_session_id_index" ON "deliveries" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "deliveries_state_index" ON "deliveries" USING btree ("state");--> statement-breakpoint
CREATE INDEX "events_subject_subject_id_index" ON "events" USING btree ("subject","subject_id");--> statement-breakpoint
CREATE INDEX "gaps_rendition_id_index" ON "gaps" USING btree ("rendition_id");--> statement-breakpoint
CREATE INDEX "parts_rendition_id_index" ON "parts" USING btree ("rendition_id");--> statement-breakpoint
CREATE INDEX "posts_state_index" ON "posts" USING btree ("state");--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_one_active" ON "sessions" USING btree ("stream_id") WHERE state in ('waiting', 'starting', 'recording', 'reconnecting');--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_one_broadcast" ON "sessions" USING btree ("stream_id","broadcast_id") WHERE broadcast_id is not null and continues_id is null;--> statement-breakpoint
CREATE INDEX "sessions_state_index" ON "sessions" USING btree ("state");--> statement-breakpoint
CREATE UNIQUE INDEX "targets_chat_kind_chat_id_name_index" ON "targets" USING btree ("chat_kind","chat_id","name") WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "uploads_state_index" ON "uploads" USING btree ("state");--> statement-breakpoint
CREATE UNIQUE INDEX "watches_stream_id_chat_kind_chat_id_quality_index" ON "watches" USING btree ("stream_id","chat_kind","chat_id","quality") WHERE ended_at is null and not once;--> statement-breakpoint
CREATE INDEX "watches_stream_id_index" ON "watches" USING btree ("stream_id") WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "web_messages_chat_id_id_index" ON "web_messages" USING btree ("chat_id","id");--> statement-breakpoint
CREATE INDEX "web_messages_handled_at_index" ON "web_messages" USING btree ("handled_at") WHERE author = 'user' and handled_at is null;