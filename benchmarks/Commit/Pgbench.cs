using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace Strata.Commit.Benchmarks;

/// <summary>The peer: pgbench with one prepared INSERT per transaction into a table with a jsonb column and two indexes, on the same server.</summary>
internal sealed partial class Pgbench(NpgsqlDataSource source, string socketFolder, string script)
{
    // Ids in rising order and one short text in the second index: the kindest case for the peer.
    private const string Table = """
        create table peer (id bigint generated always as identity primary key, tenant uuid not null, state text not null, document jsonb not null);
        create index peer_tenant on peer (tenant, id);
        """;

    private const string Insert = "insert into peer (tenant, state, document) values ('00000000-0000-7000-8000-000000000001', 'NEW', :document);\n";

    public async Task PrepareAsync()
    {
        await using var command = source.CreateCommand(Table);
        await command.ExecuteNonQueryAsync();
        await File.WriteAllTextAsync(script, Insert);
    }

    public async Task<double> RunAsync(int clients, TimeSpan duration, string document)
    {
        string[] arguments =
        [
            "-h", socketFolder, "-U", "strata", "-n", "-M", "prepared", "-c", $"{clients}", "-j", $"{Math.Min(clients, Environment.ProcessorCount)}",
            "-T", $"{Math.Max(1, (int)duration.TotalSeconds)}", "-f", script, "-D", $"document={document}", "postgres",
        ];
        var start = new ProcessStartInfo(Program(), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        var tps = Tps().Match(output);
        return tps.Success ? double.Parse(tps.Groups[1].Value, CultureInfo.InvariantCulture) : throw new InvalidOperationException($"pgbench failed: {await errors}");
    }

    private static string Program() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(d => Path.Combine(d, "bin", "pgbench")).Last(File.Exists)
            : "pgbench";

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Tps();
}
