using System.Text.Json;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;

namespace Strata.Cli.Commands.Entities;

/// <summary>What a change would do, and why not more; nothing is written.</summary>
internal static class DryRunOutput
{
    /// <param name="data">In place of the entity's data; null: as it is.</param>
    public static async Task<int> RunAsync(
        Run run, string id, string? transition, ReadOnlyMemory<byte>? data, CancellationToken cancellationToken)
    {
        var rest = transition is null ? "" : "/" + Uri.EscapeDataString(transition);
        var answer = await run.CallAsync(
            new ApiRequest(HttpMethod.Post, $"/api/entity/JSON/{id}{rest}/dry-run") { Body = data }, cancellationToken);
        if (!run.WriteMachine(answer)) Write(run, answer);
        return answer.IsTrue("wouldSucceed") ? CommandRunner.Done : CommandRunner.Failed;
    }

    private static void Write(Run run, JsonElement answer)
    {
        var output = run.Terminal.Out;
        output.WriteLine(answer.IsTrue("wouldSucceed") ? $"It would go from {answer.Text("stateBefore")} to {answer.Text("stateAfter")}."
            : $"It would fail: {answer.Text("error.message")}");
        foreach (var step in Items(answer, "steps"))
        {
            output.WriteLine(
                $"  {step.Text("transition")}: {step.Text("from")} -> {step.Text("to")}{(step.IsTrue("automatic") ? ", by itself" : "")}");
            foreach (var call in Items(step, "processors"))
                output.WriteLine(
                    $"    calls {call.Text("name")} ({call.Text("executionMode")}){(call.IsTrue("served") ? "" : ", for which no compute member is there")}");
        }
        foreach (var refusal in Items(answer, "refused")) output.WriteLine($"  not {refusal.Text("name")}: {refusal.Text("reason")}");
        foreach (var schedule in Items(answer, "schedules.armed"))
            output.WriteLine(
                $"  {schedule.Text("transition")} would come at {(schedule.Time("dueAt") is { } due ? TimeText.Stamp(due) : "")}");
        if (answer.Text("assumes") is { Length: > 0 } assumption) output.WriteLine("  " + assumption);
        if (answer.Text("error.nextStep") is { Length: > 0 } next) run.Say("Next: " + next);
    }

    private static IEnumerable<JsonElement> Items(JsonElement json, string path) =>
        json.At(path) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];
}
