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
CREATE INDEX "notices_chat_kind_id_index" ON "notices" USING btree ("chat_kind","id") WHERE said_at is null;