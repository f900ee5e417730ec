using System.Globalization;

namespace Strata.Benchmarks;

/// <summary>
/// Processor time of this program (its ended children included) and of the database. On a busy machine the time that an operation costs
/// says more than how many were done.
/// </summary>
internal sealed class Cpu(int postmaster)
{
    private const double TicksPerSecond = 100; // sysconf(_SC_CLK_TCK), the same on every Linux

    /// <summary>Seconds used so far.</summary>
    public (double Program, double Database) Used() => (Of(Environment.ProcessId), Of(postmaster) + Children(postmaster).Sum(Of));

    private static double Of(int pid)
    {
        var fields = Stat(pid);
        return fields is null ? 0 : fields[11..15].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static IEnumerable<int> Children(int parent) => Directory.EnumerateDirectories("/proc")
        .Select(d => int.TryParse(Path.GetFileName(d), out var pid) ? pid : 0)
        .Where(pid => pid > 0 && Stat(pid) is { } fields && fields[1] == parent.ToString(CultureInfo.InvariantCulture));

    /// <summary>The fields behind the name, which may hold spaces: state, parent, …</summary>
    private static string[]? Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
