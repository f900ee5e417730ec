using System.Globalization;
using Strata.Contracts;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>Messages for users about their instances, in their own terms.</summary>
internal static class AgentMessages
{
    private const int LastLineCharsMax = 300;

    /// <summary>An unrequested end.</summary>
    /// <param name="lastLine">Of its output; null when it said nothing.</param>
    public static string Crashed(InstanceSpec spec, RunExit exit, TimeSpan ran, string? lastLine)
    {
        if (exit.OutOfMemory)
            return $"The application needed more than its {Size(spec.MemoryBytes)} of memory and was stopped; raise run.memory.";
        if (exit.StartError is { } error) return $"The application could not be started: {error.TrimEnd('.')}.";
        var last = lastLine is null ? "" : $" Its last line was \"{lastLine.Shortened(LastLineCharsMax)}\".";
        return exit.Code switch
        {
            127 => $"The command {spec.Command[0]} or a program that it calls was not found (exit code 127).{last}",
            126 => $"The command {spec.Command[0]} is not executable (exit code 126).{last}",
            -1 => "The application stopped while Strata was not running, for example because the machine was restarted.",
            > 128 and < 160 => $"The application was killed by signal {exit.Code - 128} after {Duration(ran)}.{last}",
            _ => $"The application ended {(ran.TotalSeconds < 10 ? "at once" : $"after {Duration(ran)}")} with exit code {exit.Code}.{last}",
        };
    }

    /// <param name="earlier">How an earlier run of the instance ended, as a sentence; null: there was none, or it is not known.</param>
    public static string NotListening(InstanceSpec spec, int port, string? earlier = null)
    {
        const string must = "it must listen on the port in the variable PORT, on all addresses";
        var within = $"on port {port} within {spec.Health.GraceSeconds} s";
        var sentence = spec.Health.Path is { } path
            ? $"The application did not answer GET {path} {within}; {must}, and answer below 500."
            : $"The application did not listen {within}; {must}.";
        return earlier is null ? sentence : $"{sentence} At an earlier start: {earlier}";
    }

    public const string StoppedWithNode = "The application was stopped with its node and is being restarted.";

    public static string Unready(InstanceSpec spec, int port) => spec.Health.Path is { } path
        ? $"The application no longer answers GET {path} on port {port}."
        : $"The application no longer listens on port {port}.";

    public static string Restarting(string crash, TimeSpan delay) =>
        string.Create(CultureInfo.InvariantCulture, $"{crash} It is started again in {delay.TotalSeconds:0} s.");

    public static string GaveUp(string crash, int starts) => $"{crash} It was started {starts} times and was never ready.";

    /// <summary>Ended by the agent, because the node's disk is nearly full.</summary>
    public static string Evicted(long usedBytes) =>
        $"{DiskReserve.Code}: The node's disk is nearly full. " +
        $"This instance used the most of it ({Size(usedBytes)}): it was stopped, and the files that it wrote were deleted. " +
        "It starts again when there is room. Make it write less, or keep its data outside of the instance.";

    public static string Killed(int graceSeconds) => $"The application did not end within {graceSeconds} s after SIGTERM and was killed.";

    private static string Duration(TimeSpan time) => time.TotalMinutes < 2
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0} minutes");

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB");
}
