namespace Strata.Storage.Postgres;

/// <summary>The statements on messages. Each leaves the tables consistent by itself, and may run twice.</summary>
internal static class MessageSql
{
    public const string KeepFirst = """
        with u as (insert into strata.message_upload (tenant, upload, begun_at) values ($1, $2, clock_timestamp()) on conflict do nothing)
        insert into strata.message_piece (tenant, upload, position, bytes) values ($1, $2, $3, $4) on conflict do nothing
        """;

    public const string Keep =
        "insert into strata.message_piece (tenant, upload, position, bytes) values ($1, $2, $3, $4) on conflict do nothing";

    /// <summary>With more than one piece the upload must still be there: one that was given up has lost its pieces.</summary>
    public const string Save = """
        with m as (
            insert into strata.message (tenant, upload, entity, pieces, payload_bytes, transaction, head, fingerprint, saved_at)
            select $1, $2, $5, $3 + 1, $6, $7, $8, $9, clock_timestamp()
            where $3 = 0 or exists (select from strata.message_upload u where u.tenant = $1 and u.upload = $2)
            on conflict (tenant, entity) do nothing
            returning upload
        ), u as (
            delete from strata.message_upload u using m where u.tenant = $1 and u.upload = m.upload
        )
        insert into strata.message_piece (tenant, upload, position, bytes) select $1, m.upload, $3, $4 from m
        returning position
        """;

    public const string Drop = """
        with u as (delete from strata.message_upload where tenant = $1 and upload = $2)
        delete from strata.message_piece where tenant = $1 and upload = $2
        """;

    public const string Find =
        "select entity, upload, pieces, payload_bytes, transaction, head, fingerprint from strata.message where tenant = $1 and entity = $2";

    public const string Read = "select bytes from strata.message_piece where tenant = $1 and upload = $2 and position = $3";

    public const string Delete = """
        with gone as (
            delete from strata.message where tenant = $1 and entity = any($2) returning entity, upload
        ), pieces as (
            delete from strata.message_piece p using gone where p.tenant = $1 and p.upload = gone.upload
        ), kept as (
            insert into strata.message_deletion (tenant, request, fingerprint, entities, deleted_at)
            select $1, $3, $4, array_agg(entity), clock_timestamp() from gone where $3::uuid is not null having count(*) > 0
            on conflict do nothing
        )
        select entity from gone
        """;

    public const string FindDeletion = "select fingerprint, entities from strata.message_deletion where tenant = $1 and request = $2";

    /// <summary>A few at a time, so that no upload waits for it long.</summary>
    public const string Sweep = """
        with late as (
            delete from strata.message_upload u
            where ctid = any(array(select ctid from strata.message_upload where begun_at < clock_timestamp() - $1 order by begun_at limit 10))
            returning u.tenant, u.upload
        ), pieces as (
            delete from strata.message_piece p using late where p.tenant = late.tenant and p.upload = late.upload
        )
        delete from strata.message_deletion
        where ctid = any(array(select ctid from strata.message_deletion where deleted_at < clock_timestamp() - $1 order by deleted_at limit 100))
        """;
}
