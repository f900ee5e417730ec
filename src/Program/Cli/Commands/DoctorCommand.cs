using System.CommandLine;
using Strata.Cli.Cloud;
using Strata.Cli.Doctor;
using Strata.Cli.Shell;
using Strata.Core;
using Strata.Server.Hosting;
using Strata.Server.Options;

namespace Strata.Cli.Commands;

/// <summary><c>strata doctor</c>: looks at everything that a cloud needs, says what is wrong and how to fix it. 1 when something must be fixed.</summary>
internal static class DoctorCommand
{
    private static readonly ServerFlags Flags = new();

    private sealed record Diagnosis(bool Ok, IReadOnlyList<Finding> Findings, IReadOnlyList<ShownSetting> Settings);

    private sealed record ShownSetting(string Name, string Value, string Source);

    public static Command Create(Terminal terminal)
    {
        var command = new Command("doctor", "Find out what is wrong and how to fix it");
        foreach (var flag in Flags.All) command.Add(flag);
        return command.Does(terminal, RunAsync);
    }

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        if (!LocalCloud.IsMeant(run)) return await RunElsewhereAsync(run, cancellationToken);
        var home = new HomeLayout(run.Home);
        var presence = LocalCloud.Find(home);
        var running = presence == CloudPresence.Running;
        var settings = (running ? RunningSettings.Read(home) : null) ?? Flags.Resolve(run);
        var options = ServerOptionsReader.ToOptions(home, settings);
        var findings = new List<Finding>(await ToolChecks.RunAsync(cancellationToken));
        if (options.TryGet(out var read, out var fault)) findings.AddRange(await MachineChecks.RunAsync(read, running, cancellationToken));
        else findings.Add(Finding.Failure("settings", fault.Message, "Change it where the list below says it comes from."));
        if (running) findings.AddRange(await CloudChecks.RunAsync(run, cancellationToken));
        else if (presence == CloudPresence.Restarting) findings.Add(Finding.Failure("cloud", LocalCloud.Sentence(presence, run.Home), LocalCloud.NextStep(presence)));
        else findings.Add(Finding.Ok("cloud", $"none runs in {run.Home}; start one with: strata up"));
        Write(run, new Diagnosis(findings.TrueForAll(f => f.Verdict != Verdict.Failure), findings, [.. settings.Select(Show)]));
        return findings.Exists(f => f.Verdict == Verdict.Failure) ? CommandRunner.Failed : CommandRunner.Done;
    }

    /// <summary>Of a cloud that --server or STRATA_URL names: this machine's tools, ports and settings say nothing about it.</summary>
    private static async Task<int> RunElsewhereAsync(Run run, CancellationToken cancellationToken)
    {
        var findings = new List<Finding> { Finding.Ok("cloud", $"{run.Context.Server.TrimEnd('/')}; this machine is not looked at, strata doctor without --server and STRATA_URL does") };
        findings.AddRange(await CloudChecks.RunElsewhereAsync(run, cancellationToken));
        Write(run, new Diagnosis(findings.TrueForAll(f => f.Verdict != Verdict.Failure), findings, []));
        return findings.Exists(f => f.Verdict == Verdict.Failure) ? CommandRunner.Failed : CommandRunner.Done;
    }

    private static ShownSetting Show(SettingValue setting) =>
        new(setting.Setting.Name, setting.Setting.IsSecret && setting.Value.Length > 0 ? "(set)" : setting.Value, setting.Source);

    private static void Write(Run run, Diagnosis diagnosis)
    {
        if (run.WriteMachine(diagnosis)) return;
        foreach (var finding in diagnosis.Findings)
        {
            var (mark, tone) = finding.Verdict switch { Verdict.Ok => ("✓", Tone.Good), Verdict.Warning => ("!", Tone.Waiting), _ => ("✗", Tone.Bad) };
            run.Terminal.Out.WriteLine($"{run.Terminal.OnOut(tone, mark)} {finding.What,-18} {finding.Message}");
            if (finding.Fix is { } fix) run.Terminal.Out.WriteLine($"{"",-21}→ {fix}");
        }
        if (diagnosis.Settings.Count == 0) return;
        run.Terminal.Out.WriteLine();
        var table = new Table("SETTING", "VALUE", "FROM");
        foreach (var setting in diagnosis.Settings) table.Add(setting.Name, setting.Value, setting.Source);
        table.Write(run.Terminal);
    }
}
