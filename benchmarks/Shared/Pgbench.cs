using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Strata.Benchmarks;

/// <summary>
/// The peer: pgbench with prepared statements against tables of its own with a jsonb column and two indexes, on the same server. Ids rise
/// and the second index is short: the kindest case for it.
/// </summary>
/// <param name="work">What one transaction does; <c>:document</c> is the document.</param>
internal sealed partial class Pgbench(NpgsqlDataSource source, string socketFolder, string? password, string script, PgbenchWork work)
{
    public async Task PrepareAsync()
    {
        await using var command = source.CreateCommand(work.Tables);
        await command.ExecuteNonQueryAsync();
        await File.WriteAllTextAsync(script, work.Script);
    }

    public async Task<double> RunAsync(int clients, TimeSpan duration, string document)
    {
        string[] arguments =
        [
            "-h", socketFolder, "-U", "strata", "-n", "-M", "prepared", "-c", $"{clients}", "-j",
            $"{Math.Min(clients, Environment.ProcessorCount)}",
            "-T", $"{Math.Max(1, (int)duration.TotalSeconds)}", "-f", script, "-D", $"document={document}", "postgres",
        ];
        var start = new ProcessStartInfo(Program(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PGPASSWORD"] = password;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var tps = Tps().Match(output);
        return tps.Success ? double.Parse(tps.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"pgbench failed: {await errors}");
    }

    private static string Program() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(d => Path.Combine(d, "bin", "pgbench")).Last(File.Exists)
            : "pgbench";

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}

/// <param name="Tables">Made before.</param>
/// <param name="Script">One transaction.</param>
internal sealed record PgbenchWork(string Tables, string Script)
{
    private const string Peer = """
        create table peer (id bigint generated always as identity primary key, tenant uuid not null, state text not null, document jsonb not null);
        create index peer_tenant on peer (tenant, id);

        """;

    /// <summary>One row of one document.</summary>
    public static readonly PgbenchWork Insert = new(
        Peer, "insert into peer (tenant, state, document) values ('00000000-0000-7000-8000-000000000001', 'NEW', :document);\n");

    /// <summary>The current row changed and one added to its history.</summary>
    public static readonly PgbenchWork UpdateAndInsert = new(Peer + $"""
        create table peer_head (id bigint primary key, tenant uuid not null, revision bigint not null, document jsonb not null);
        create index peer_head_tenant on peer_head (tenant, id);
        insert into peer_head select n, '00000000-0000-7000-8000-000000000001', 1, jsonb_build_object() from generate_series(1, {Heads}) n;
        """, $"""
        \set id random(1, {Heads})
        begin;
        update peer_head set revision = revision + 1, document = :document where id = :id;
        insert into peer (tenant, state, document) values ('00000000-0000-7000-8000-000000000001', 'NEW', :document);
        end;

        """);

    private const int Heads = 100_000;
}
