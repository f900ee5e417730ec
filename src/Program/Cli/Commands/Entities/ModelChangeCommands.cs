using System.CommandLine;
using System.Text.Json.Nodes;
using Strata.Cli.Data;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Commands.Entities;

/// <summary><c>strata model lock | unlock | level | keys | delete</c>: the life of a model.</summary>
internal static class ModelChangeCommands
{
    private static readonly string[] Levels = ["ARRAY_LENGTH", "ARRAY_ELEMENTS", "TYPE", "STRUCTURAL"];

    public static Command Lock(Terminal terminal) =>
        Act(terminal, "lock", "Lock a model, so that it accepts entities",
            model => new ApiRequest(HttpMethod.Put, $"/api/model/{model.Path}/lock"));

    public static Command Unlock(Terminal terminal) =>
        Act(terminal, "unlock", "Unlock a model without entities, to change it",
            model => new ApiRequest(HttpMethod.Put, $"/api/model/{model.Path}/unlock"));

    public static Command Delete(Terminal terminal)
    {
        var (name, yes) = (ModelName.Argument(), SharedOptions.Yes());
        return new Command("delete", "Delete an unlocked model") { name, yes }.Does(terminal, async (run, cancellationToken) =>
        {
            var model = ModelName.Of(run, name);
            if (!await Confirmation.AskAsync(run, yes, $"Delete the model {model}?", cancellationToken)) return CommandRunner.Failed;
            return await SendAsync(run, new ApiRequest(HttpMethod.Delete, $"/api/model/{model.Path}"), cancellationToken);
        });
    }

    public static Command Level(Terminal terminal)
    {
        var name = ModelName.Argument();
        var level = new Argument<string>(
            "level") { Description = "array_length, array_elements, type or structural: each allows what the ones before it do" };
        return new Command("level", "Set what documents may change about a locked model's structure") { name, level }.Does(
            terminal, (run, cancellationToken) =>
        {
            var word = run.Parse.GetRequiredValue(level).ToUpperInvariant().Replace('-', '_');
            if (!Levels.Contains(word))
                throw UsageErrors.Of($"\"{word}\" is not a change level.", "Use one of " + string.Join(", ", Levels) + ".").ToException();
            return SendAsync(
                run, new ApiRequest(HttpMethod.Post, $"/api/model/{ModelName.Of(run, name).Path}/changeLevel/{word}"), cancellationToken);
        });
    }

    public static Command Keys(Terminal terminal)
    {
        var name = ModelName.Argument();
        var keys = new Argument<string[]>("key") { Description = "ID=PATH or ID=PATH,PATH: no two entities have the same values there",
            Arity = ArgumentArity.ZeroOrMore };
        var none = new Option<bool>("--none") { Description = "Remove all unique keys" };
        return new Command("keys", "Set the unique keys of an unlocked model") { name, keys, none }.Does(
            terminal, (run, cancellationToken) =>
        {
            var given = run.Parse.GetValue(keys) ?? [];
            if (given.Length == 0 != run.Parse.GetValue(none))
                throw UsageErrors.Of("Which keys?", "strata model keys order number=$.number; or --none").ToException();
            var body = new JsonObject { ["uniqueKeys"] = new JsonArray([.. given.Select(ReadKey)]) };
            var request = new ApiRequest(HttpMethod.Put,
                $"/api/model/{ModelName.Of(run, name).Path}/unique-keys") { Body = JsonText.FromString(body.ToJsonString()).Utf8 };
            return SendAsync(run, request, cancellationToken);
        });
    }

    /// <summary>Sends it and says what the server says of it.</summary>
    public static async Task<int> SendAsync(Run run, ApiRequest request, CancellationToken cancellationToken)
    {
        var answer = await run.CallAsync(request, cancellationToken);
        if (!run.WriteMachine(answer)) run.Say(answer.Text("message"));
        return CommandRunner.Done;
    }

    private static Command Act(Terminal terminal, string verb, string what, Func<ModelName, ApiRequest> request)
    {
        var name = ModelName.Argument();
        return new Command(verb, what) { name }.Does(
            terminal, (run, cancellationToken) => SendAsync(run, request(ModelName.Of(run, name)), cancellationToken));
    }

    private static JsonNode ReadKey(string text)
    {
        var parts = text.Split('=', 2);
        if (parts.Length < 2 || parts[0].Length == 0)
            throw UsageErrors.Of($"\"{text}\" is not ID=PATH.", "For example number=$.number").ToException();
        var fields = parts[1].Split(',').Select(f => (JsonNode)(f.StartsWith('$') ? f : "$." + f));
        return new JsonObject { ["id"] = parts[0], ["fields"] = new JsonArray([.. fields]) };
    }
}
