using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Doctor;
using Strata.Cli.Shell;
using Strata.Server;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata doctor</c>: looks at everything that a cloud needs, says what is wrong and how to fix it. 1 when something must be fixed.
/// </summary>
internal static class DoctorCommand
{
    private static readonly ServerFlags Flags = new();

    private sealed record Diagnosis(bool Ok, IReadOnlyList<Finding> Findings, IReadOnlyList<ShownSetting> Settings);

    private sealed record ShownSetting(string Name, string Value, string Source);

    public static Command Create(Terminal terminal)
    {
        var command = new Command("doctor", "Check for problems and show how to fix them");
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        if (!LocalCloud.IsMeant(run)) return await RunElsewhereAsync(run, cancellationToken);
        var home = new HomeLayout(run.Home);
        var news = LocalCloud.News(home, run.Terminal.Time);
        var running = news.Presence == CloudPresence.Running;
        var findings = new List<Finding>(await ToolChecks.RunAsync(cancellationToken));
        var settings = ReadSettings(run, home, running, findings);
        var options = ServerOptionsReader.ToOptions(home, settings);
        if (options.Error is { } fault)
            findings.Add(Finding.Failure("settings", fault.Message, "Change each where it comes from, which is named here."));
        findings.AddRange(await MachineChecks.RunAsync(home, options.IsOk ? options.Value : null, running, cancellationToken));
        findings.AddRange(running ? await CloudChecks.RunAsync(run, cancellationToken) : [OfCloud(run, news), .. OfLeftovers(run, home)]);
        Write(run, new Diagnosis(findings.TrueForAll(f => f.Verdict != Verdict.Failure), findings, [.. settings.Select(Show)]));
        return findings.Exists(f => f.Verdict == Verdict.Failure) ? CommandRunner.Failed : CommandRunner.Done;
    }

    /// <summary>Of a cloud that --server or STRATA_URL names: this machine's tools, ports and settings say nothing about it.</summary>
    private static async Task<int> RunElsewhereAsync(Run run, CancellationToken cancellationToken)
    {
        var findings = new List<Finding> { Finding.Ok(
            "cloud", $"{run.Context.Server.TrimEnd('/')}; this machine is not looked at; \"strata doctor --context local\" does") };
        findings.AddRange(await CloudChecks.RunElsewhereAsync(run, cancellationToken));
        Write(run, new Diagnosis(findings.TrueForAll(f => f.Verdict != Verdict.Failure), findings, []));
        return findings.Exists(f => f.Verdict == Verdict.Failure) ? CommandRunner.Failed : CommandRunner.Done;
    }

    /// <summary>
    /// Of a cloud that runs, what it was started with. Of one that is down, what its next start would have, and where this shell says
    /// nothing, what the last start had. A faulty settings file is a finding.
    /// </summary>
    private static IReadOnlyList<SettingValue> ReadSettings(Run run, HomeLayout home, bool running, List<Finding> findings)
    {
        var next = Flags.Resolve(run);
        if (next.Error is { } fault)
        {
            var file = Path.Combine(home.Root, ServerOptionsReader.FileName);
            findings.Add(Finding.Failure(
                "settings file", fault.Message,
                $"Correct it, or do without it: mv {file} {file}.off{(running ? ". The cloud that runs is not affected, but its next start fails" : "")}"));
        }
        if (running && KeptSettings.Read(home) is { } kept) return kept;
        return KeptSettings.Over(home, next.IsOk ? next.Value : Flags.ResolveWithoutFile(run));
    }

    private static Finding OfCloud(Run run, CloudNews news) => news.Presence == CloudPresence.Restarting || news.Died
        ? Finding.Failure("cloud", news.Sentence, news.NextStep)
        : Finding.Ok("cloud", run.Hint($"{news.Sentence} {news.NextStep}"));

    private static IEnumerable<Finding> OfLeftovers(Run run, HomeLayout home)
    {
        var left = LeftoverProcesses.Find(home, run.Terminal.Time);
        if (!left.IsNothing)
            yield return Finding.Warning(
                "without a server", left.Sentence, run.Hint("strata up takes it over; strata down --all stops it"));
    }

    private static ShownSetting Show(SettingValue setting) =>
        new(setting.Setting.Name, setting.IsSecret ? KeptSettings.Hidden : setting.Value, setting.Source);

    private static void Write(Run run, Diagnosis diagnosis)
    {
        if (run.WriteMachine(diagnosis)) return;
        foreach (var finding in diagnosis.Findings)
        {
            var (mark, tone) = finding.Verdict switch { Verdict.Ok => ("✓", Tone.Good), Verdict.Warning => ("!", Tone.Waiting),
                _ => ("✗", Tone.Bad) };
            run.Terminal.Out.WriteLine($"{run.Terminal.OnOut(tone, mark)} {finding.What,-18} {finding.Message}");
            if (finding.Fix is { } fix) run.Terminal.Out.WriteLine($"{"",-21}→ {run.Hint(fix)}");
        }
        if (diagnosis.Settings.Count == 0) return;
        run.Terminal.Out.WriteLine();
        var table = new Table("SETTING", "VALUE", "FROM");
        foreach (var setting in diagnosis.Settings) table.Add(setting.Name, setting.Value, setting.Source);
        table.Write(run.Terminal);
    }
}
