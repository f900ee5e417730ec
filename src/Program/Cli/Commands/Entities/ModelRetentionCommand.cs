using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model retention</c>: how long superseded revisions are kept.</summary>
internal static class ModelRetentionCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = ModelName.Argument();
        var days = new Option<int?>(
            "--keep-days") { Description = "Drop superseded revisions after so many days; the current ones always stay" }.Between(0);
        var none = new Option<bool>("--none") { Description = "Drop no more revisions" };
        return new Command("retention", "Set how long a model keeps superseded revisions; without options, show it") { name, days,
            none }.Does(terminal, (run, cancellationToken) =>
        {
            var path = $"/api/model/{ModelName.Of(run, name).Path}/retention";
            var ends = run.Parse.GetValue(none);
            if (run.Parse.GetValue(days) is not { } kept)
                return ends ? ModelChangeCommands.SendAsync(run, new ApiRequest(HttpMethod.Delete, path), cancellationToken)
                    : ShowAsync(run, path, cancellationToken);
            if (ends) throw UsageErrors.Of("Which is meant, --keep-days or --none?", "Leave one out.").ToException();
            var body = JsonText.FromString(new JsonObject { ["keepSupersededDays"] = kept }.ToJsonString());
            return ModelChangeCommands.SendAsync(run, new ApiRequest(HttpMethod.Put, path) { Body = body.Utf8 }, cancellationToken);
        });
    }

    private static async Task<int> ShowAsync(Run run, string path, CancellationToken cancellationToken)
    {
        var answer = await run.CallAsync(new ApiRequest(HttpMethod.Get, path), cancellationToken);
        if (!run.WriteMachine(answer)) run.Terminal.Out.WriteLine(Sentence(answer));
        return CommandRunner.Done;
    }

    private static string Sentence(JsonElement answer)
    {
        var rule = answer.At("keepSupersededDays") is { ValueKind: JsonValueKind.Number } days
            ? string.Create(CultureInfo.InvariantCulture, $"Superseded revisions are kept for {days.GetInt32()} days.")
            : "Superseded revisions are kept.";
        return answer.At("droppedBefore") is { ValueKind: JsonValueKind.String } before
            ? $"{rule} Of what was superseded before {before.GetString()}, {(answer.At("droppedRevisions") is { ValueKind: JsonValueKind.Number } n ? n.GetRawText() : "0")} revisions were dropped."
            : rule;
    }
}
