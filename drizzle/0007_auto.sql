ALTER TABLE "watches" ADD COLUMN "parent_id" bigint;--> statement-breakpoint
ALTER TABLE "watches" ADD CONSTRAINT "watches_parent_id_watches_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."watches"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "watches_parent_id_index" ON "watches" USING btree ("parent_id") WHERE parent_id is not null;