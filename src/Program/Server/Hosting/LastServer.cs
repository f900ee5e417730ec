using System.Globalization;
using Strata.Server.Options;

namespace Strata.Server.Hosting;

/// <summary>The last server of a data folder in which none runs now, as far as it left traces.</summary>
/// <param name="SeenAt">When it ended; if it could not record that, the time of its last heartbeat.</param>
/// <param name="End">How it ended.</param>
public sealed record LastServer(int Pid, DateTimeOffset StartedAt, DateTimeOffset SeenAt, LastEnd End)
{
    private const int WordsBytesMax = 64 * 1024;

    /// <summary>Lines with which this program, the .NET runtime and the system say why a process ends.</summary>
    private static readonly string[] LastWords =
        ["Error: ", "Unhandled exception", "Fatal error", "Out of memory", "Process terminated", "Stack overflow"];

    /// <summary>Null where a server runs, or none ever did or is remembered.</summary>
    public static LastServer? Find(HomeLayout home)
    {
        if (HomeLock.IsHeld(home) || HomeLock.Peek(home) is not { } cloud) return null;
        if (cloud.End is { } end) return new LastServer(cloud.Pid, cloud.StartedAt, end.At, end.Asked ? LastEnd.Asked : LastEnd.Unasked);
        var seen = new DateTimeOffset(File.GetLastWriteTimeUtc(home.StateFile));
        return new LastServer(cloud.Pid, cloud.StartedAt, seen, MachineStart() > seen ? LastEnd.MachineRestarted : LastEnd.Died);
    }

    /// <summary>What is known about an unrequested end: when, why, and where its log is.</summary>
    /// <param name="ago">How long ago it was last seen, for people.</param>
    public string Sentence(HomeLayout home, string ago)
    {
        var server = $"The server in {home.Root} (process {Pid})";
        var words = Words(home);
        return End switch
        {
            LastEnd.MachineRestarted =>
                $"{server} ended with its machine, which was started again since. It was last seen at {SeenAt:u} ({ago}). Its log: {home.LogFile}",
            LastEnd.Unasked =>
                $"{server} stopped by itself at {SeenAt:u} ({ago}){(words is null ? "" : $": {words.TrimEnd('.')}")}. Its log says why: {home.LogFile}",
            _ => $"{server} died without being asked to stop. It was last seen at {SeenAt:u} ({ago}). "
                + (words is null ? "It left no reason, so it was probably killed, or the system ran out of memory."
                    : $"The last it wrote: {words.TrimEnd('.')}.")
                + $" Its log: {home.LogFile}",
        };
    }

    /// <summary>Takes its end as known: it is not reported any more.</summary>
    public static void Forget(HomeLayout home)
    {
        if (HomeLock.IsHeld(home)) return;
        File.Delete(home.StateFile);
        File.Delete(home.LastStateFile);
    }

    /// <summary>What a detached server last wrote about its own end; null: nothing, or it was not detached.</summary>
    public string? Words(HomeLayout home)
    {
        try
        {
            if (File.GetLastWriteTimeUtc(home.OutputFile) < StartedAt.UtcDateTime) return null;
            using var file = new FileStream(home.OutputFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            file.Seek(-Math.Min(file.Length, WordsBytesMax), SeekOrigin.End);
            using var text = new StreamReader(file);
            return text.ReadToEnd().Split('\n').LastOrDefault(
                l => LastWords.Any(w => l.StartsWith(w, StringComparison.OrdinalIgnoreCase)))?.Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static DateTimeOffset MachineStart()
    {
        const string field = "btime ";
        try
        {
            var line = File.ReadLines("/proc/stat").FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal));
            return line is null ? DateTimeOffset.MinValue : DateTimeOffset.FromUnixTimeSeconds(
                long.Parse(line.AsSpan(field.Length), NumberStyles.None, CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return DateTimeOffset.MinValue;
        }
    }
}

/// <summary>How a server ended.</summary>
public enum LastEnd
{
    /// <summary>It was asked to.</summary>
    Asked,

    /// <summary>It stopped by itself, in order, because one of its parts could not continue.</summary>
    Unasked,

    /// <summary>Its process died suddenly: killed, out of memory, or a crash.</summary>
    Died,

    /// <summary>The machine has been started since.</summary>
    MachineRestarted,
}
