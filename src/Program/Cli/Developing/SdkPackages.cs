using System.ComponentModel;
using System.Diagnostics;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Developing;

/// <summary>
/// The packages of a client library: those of the release that this program belongs to, or those that <c>scripts/pack-sdk</c> packs in the
/// checkout that it was built in.
/// </summary>
internal static class SdkPackages
{
    private const string PackScript = "scripts/pack-sdk";
    private const int OutputCharsMax = 16_384;
    private static readonly TimeSpan PackTimeout = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan QuietFor = TimeSpan.FromSeconds(1);

    /// <summary>Paths of the files; at least one.</summary>
    /// <exception cref="StrataException">SDK_NOT_FOUND, SDK_NOT_PACKED.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(Run run, string language, CancellationToken cancellationToken)
    {
        var released = Path.Combine(AppContext.BaseDirectory, "sdk", language);
        var folder = Directory.Exists(released) ? released : await PackAsync(run, language, cancellationToken);
        IReadOnlyList<string> files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal)] : [];
        return files.Count > 0 ? files : throw DevErrors.NoSdk.ToException();
    }

    private static async Task<string> PackAsync(Run run, string language, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(PackTimeout, run.Terminal.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var start = new ProcessStartInfo(Path.Combine(Checkout(), PackScript), [language]);
            var packing = ProcessRun.RunAsync(start, input: null, OutputCharsMax, either.Token);
            if (await Task.WhenAny(packing, Task.Delay(QuietFor, run.Terminal.Time, either.Token)) != packing)
                run.Say($"Packing the client library for {language}, once for each change of its source.");
            var end = await packing;
            return end.Ok ? end.Output.Trim() : throw DevErrors.NotPacked(language, end.Complaint).ToException();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw DevErrors.NotPacked(language, $"It took longer than {PackTimeout.TotalMinutes:0} minutes.").ToException();
        }
        catch (Win32Exception e)
        {
            throw DevErrors.NotPacked(language, e.Message).ToException();
        }
    }

    private static string Checkout()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            // A script in a folder above that only happens to have this name must not be run.
            if (!File.Exists(Path.Combine(folder.FullName, "Strata.slnx"))) continue;
            if (File.Exists(Path.Combine(folder.FullName, PackScript))) return folder.FullName;
            break;
        }
        throw DevErrors.NoSdk.ToException();
    }
}
