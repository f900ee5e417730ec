using System.Globalization;

namespace Strata.Storage.PrivateServer;

/// <summary>An installed PostgreSQL: the folder of its programs and its major version.</summary>
internal sealed record PostgresBinaries(string Folder, int Version)
{
    public const int VersionMin = 15;

    private const string DebianRoot = "/usr/lib/postgresql";

    public string Initdb => Path.Combine(Folder, "initdb");

    public string Postgres => Path.Combine(Folder, "postgres");

    /// <summary>The installation of one version, or the newest where none is asked for.</summary>
    public static async Task<PostgresBinaries> FindAsync(
        string? folder, int? version, string dataFolder, CancellationToken cancellationToken)
    {
        var installed = folder is null ? await InstalledAsync(cancellationToken)
            : await InFolderAsync(folder, cancellationToken) is { } one ? [one] : [];
        if (installed.Count == 0) throw PostgresErrors.NotFound();
        if (version is { } wanted)
            return installed.FirstOrDefault(i => i.Version == wanted) ?? throw PostgresErrors.VersionMissing(wanted, dataFolder);
        var newest = installed.MaxBy(i => i.Version)!;
        return newest.Version >= VersionMin ? newest : throw PostgresErrors.TooOld(newest.Version);
    }

    private static async Task<IReadOnlyList<PostgresBinaries>> InstalledAsync(CancellationToken cancellationToken)
    {
        var debian = Directory.Exists(DebianRoot)
            ? Directory.GetDirectories(DebianRoot).Select(FromDebian).OfType<PostgresBinaries>().ToList() : [];
        if (debian.Count > 0) return debian;
        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
        {
            if (await InFolderAsync(folder, cancellationToken) is { } found) return [found];
        }
        return [];
    }

    private static PostgresBinaries? FromDebian(string root)
    {
        var folder = Path.Combine(root, "bin");
        return int.TryParse(Path.GetFileName(root), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && IsComplete(folder)
            ? new PostgresBinaries(folder, version) : null;
    }

    private static async Task<PostgresBinaries?> InFolderAsync(string folder, CancellationToken cancellationToken)
    {
        if (!IsComplete(folder)) return null;
        var answer = await Command.RunAsync([Path.Combine(folder, "postgres"), "--version"], cancellationToken);
        var words = answer.Output.Split(' ', StringSplitOptions.RemoveEmptyEntries); // postgres (PostgreSQL) 16.2
        var number = words.Select(w => w.Split('.')[0].Trim()).FirstOrDefault(w => w.Length > 0 && w.All(char.IsAsciiDigit));
        return number is null ? null : new PostgresBinaries(folder, int.Parse(number, CultureInfo.InvariantCulture));
    }

    private static bool IsComplete(string folder) =>
        File.Exists(Path.Combine(folder, "initdb")) && File.Exists(Path.Combine(folder, "postgres"));
}
