using System.Globalization;
using Strata.Core;

namespace Strata.Runtimes.Sandbox;

/// <summary>How a run ended: exactly one of the nested cases.</summary>
public abstract record SandboxOutcome
{
    private SandboxOutcome()
    {
    }

    /// <summary>For the user: what happened and what to do about it.</summary>
    public abstract string Sentence { get; }

    public bool IsSuccess => this is Succeeded;

    public sealed record Succeeded : SandboxOutcome
    {
        public override string Sentence => "The command succeeded.";
    }

    public sealed record Failed(int ExitCode) : SandboxOutcome
    {
        public override string Sentence => ExitCode switch
        {
            126 => "The command could not be run: the file is there but may not be executed (exit code 126).",
            127 => "The command was not found (exit code 127).",
            > 128 and < 160 => $"The command was ended by signal {ExitCode - 128}.",
            _ => $"The command failed with exit code {ExitCode}.",
        };
    }

    public sealed record TimedOut(TimeSpan Limit) : SandboxOutcome
    {
        public override string Sentence =>
            $"The command did not finish within {Duration(Limit)}; it was stopped. Raise build.timeoutSeconds in strata.yaml if it needs longer.";
    }

    public sealed record OutOfMemory(long LimitBytes) : SandboxOutcome
    {
        public override string Sentence =>
            $"The command needed more than its {Size(LimitBytes)} of memory and was stopped. Raise build.memoryBytes in strata.yaml if it needs more.";
    }

    public sealed record OutOfDisk(long LimitBytes) : SandboxOutcome
    {
        public override string Sentence =>
            $"The command wrote more than its {Size(LimitBytes)} of disk and failed. Raise build.diskBytes in the deployment's spec if it needs more.";
    }

    /// <summary>The machine's disk, not the command's own, has less left than the platform needs.</summary>
    public sealed record MachineOutOfDisk(Error Error) : SandboxOutcome
    {
        public override string Sentence => $"The command was stopped: {Error.Message}";
    }

    public sealed record Cancelled : SandboxOutcome
    {
        public override string Sentence => "The command was cancelled.";
    }

    /// <summary>The sandbox itself could not be set up: a fault of the machine, not of the command.</summary>
    public sealed record NotStarted(string Reason) : SandboxOutcome
    {
        public override string Sentence => $"The sandbox could not be started: {Reason}";
    }

    private static string Duration(TimeSpan time) => time.TotalSeconds < 120
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} minutes");

    private static string Size(long bytes) => bytes < 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.#} MiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1073741824.0:0.##} GiB");
}
