using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;

namespace Strata.Cli.Trust;

/// <summary>
/// The places on this machine where a certificate can be trusted: the system's list, and those of browsers, which certutil changes.
/// </summary>
/// <param name="BrowserHint">Why browsers that keep a list of their own are not among them; null: they are.</param>
internal sealed record TrustStores(IReadOnlyList<TrustStep> Steps, string? BrowserHint)
{
    /// <summary>Folders of system lists with the command that reads them: Debian and its kin, Fedora and its kin, Arch, SUSE.</summary>
    private static readonly (string Folder, string[] Command)[] Systems =
    [
        ("/usr/local/share/ca-certificates", ["update-ca-certificates"]),
        ("/etc/pki/ca-trust/source/anchors", ["update-ca-trust", "extract"]),
        ("/etc/ca-certificates/trust-source/anchors", ["trust", "extract-compat"]),
        ("/etc/pki/trust/anchors", ["update-ca-certificates"]),
    ];

    /// <param name="pem">The authority's certificate.</param>
    /// <param name="trusts">False: it is removed.</param>
    public static TrustStores Of(string pem, bool trusts)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        // One name for each authority, so that two clouds of one machine do not replace each other's.
        var name = "strata-" + Fingerprint.Of(certificate)[..8];
        var steps = new List<TrustStep>();
        if (Systems.FirstOrDefault(s => Directory.Exists(s.Folder)) is { Folder: { } folder } system)
            steps.Add(new SystemStep(Path.Combine(folder, name + ".crt"), system.Command, trusts ? pem : null));
        var lists = BrowserLists().ToList();
        var hasTool = ProcessRun.Find("certutil") is not null;
        if (hasTool) steps.AddRange(lists.Select(l => new BrowserStep(l, name, trusts ? pem : null)));
        var hint = !hasTool ? "Firefox and Chromium keep lists of their own, which certutil changes: apt install libnss3-tools, then run this again."
            : lists.Count == 0 ? "Firefox and Chromium keep lists of their own, and this user has none yet: open them once, then run this again."
            : null;
        return new TrustStores(steps, hint);
    }

    /// <summary>Of Chromium and Firefox, also as snaps.</summary>
    private static IEnumerable<string> BrowserLists()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string[] single = [Path.Combine(home, ".pki/nssdb"), Path.Combine(home, "snap/chromium/current/.pki/nssdb")];
        string[] profiles = [Path.Combine(home, ".mozilla/firefox"), Path.Combine(home, "snap/firefox/common/.mozilla/firefox")];
        return single.Concat(profiles.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories))
            .Where(f => File.Exists(Path.Combine(f, "cert9.db")));
    }
}

/// <summary>One place.</summary>
internal abstract record TrustStep
{
    private const int OutputMax = 4000;

    /// <summary>Such as <c>this machine (FILE)</c>.</summary>
    public abstract string Where { get; }

    /// <returns>Null: it is done; otherwise why not.</returns>
    public abstract Task<string?> RunAsync(CancellationToken cancellationToken);

    protected static async Task<string?> RunAsync(string[] command, string? input, CancellationToken cancellationToken)
    {
        try
        {
            var end = await ProcessRun.RunAsync(new ProcessStartInfo(command[0], command[1..]), input, OutputMax, cancellationToken);
            return end.Ok ? null : $"{command[0]}: {end.Complaint}";
        }
        catch (Win32Exception e)
        {
            return $"{command[0]}: {e.Message}";
        }
    }
}

/// <param name="Pem">Null: it is removed.</param>
internal sealed record SystemStep(string File, string[] Command, string? Pem) : TrustStep
{
    public override string Where => $"this machine ({File})";

    public override string ToString() =>
        $"{(Pem is null ? "rm" : "write")} {File}, then {string.Join(' ', Command)}";

    public override async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Pem is not null) AtomicFile.Write(File, Pem);
            else System.IO.File.Delete(File);
        }
        catch (UnauthorizedAccessException)
        {
            return "it takes root; run the same command with sudo";
        }
        catch (IOException e)
        {
            return e.Message;
        }
        return await RunAsync(Command, null, cancellationToken);
    }
}

/// <param name="List">Folder of a browser's list.</param>
/// <param name="Pem">Null: it is removed.</param>
internal sealed record BrowserStep(string List, string Name, string? Pem) : TrustStep
{
    public override string Where => $"browsers ({List})";

    private string[] Command => Pem is null ? ["certutil", "-D", "-d", "sql:" + List, "-n", Name]
        : ["certutil", "-A", "-d", "sql:" + List, "-n", Name, "-t", "C,,"];

    public override string ToString() => string.Join(' ', Command);

    public override Task<string?> RunAsync(CancellationToken cancellationToken) => RunAsync(Command, Pem, cancellationToken);
}
