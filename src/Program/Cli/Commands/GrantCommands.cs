using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata access grant</c>, <c>revoke</c> and <c>bindings</c>: roles for a part of the organization, or for a while.
/// </summary>
internal static class GrantCommands
{
    private static readonly Argument<string> Role = new("role") { Description = "admin, developer, viewer, auditor, billing, or one of your own" };

    private static readonly Argument<string[]> Subject = new("who")
    {
        Description = "person/NAME (or NAME), team/NAME or client/ID", Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Argument<string> Binding = new Argument<string>("binding")
    {
        Description = "Name of the binding, as \"strata access bindings\" shows it",
    }.CompletesNames(Plurals.Bindings);

    private static readonly Option<string[]> Label = new("--label")
    {
        Description = "Only for resources with this label; repeatable", HelpName = "KEY=VALUE", AllowMultipleArgumentsPerToken = false,
    };

    private static readonly Option<string?> Environment = SharedOptions.Environment("Only for what is in this environment");

    private static readonly Option<string?> For = new("--for")
    {
        Description = "How long, for example 2h or 7d [until it is revoked]", HelpName = "AGE",
    };

    private static readonly Option<string?> Reason = new("--reason") { Description = "Why, for those who look at it later",
        HelpName = "TEXT" };

    private static readonly Option<string?> Name = new("--name") { Description = "Name of the binding [made up]", HelpName = "NAME" };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static IEnumerable<Command> Create(Terminal terminal) =>
    [
        new Command("grant", "Give a role to people, teams or clients: here, in one project (-p), for certain labels, or for a while")
        {
            Role, Subject, Environment, Label, For, Reason, Name,
        }.Does(terminal, GrantAsync),
        new Command("revoke", "Take back what a binding gives, within a second") { Binding, Yes }.Does(terminal, RevokeAsync),
        new Command("bindings", "List what has been granted").Does(
            terminal, (run, cancellationToken) => ResourceOutput.WriteAllAsync(run, Plurals.Bindings, cancellationToken)),
    ];

    private static async Task<int> GrantAsync(Run run, CancellationToken cancellationToken)
    {
        var role = run.Parse.GetRequiredValue(Role);
        var subjects = run.Parse.GetValue(Subject)!.Select(s => s.Contains('/', StringComparison.Ordinal) ? s : "person/" + s).ToArray();
        var spec = new Dictionary<string, object> { ["roles"] = new[] { role }, ["subjects"] = subjects };
        if (run.Parse.GetValue(GlobalOptions.Project) is { } project) spec["project"] = project;
        var labels = LabelText.Parse(run.Parse.GetValue(Label) ?? [], run.Parse.GetValue(Environment));
        if (labels.Count > 0) spec["labels"] = labels;
        if (run.Parse.GetValue(For) is { } lifetime) spec["expiresAt"] = TimeText.ParseLifetime(lifetime, run.Now).Value;
        if (run.Parse.GetValue(Reason) is { } reason) spec["reason"] = reason;
        var draft = new NewResource<JsonElement>
        {
            Name = run.Parse.GetValue(Name) ?? $"{role}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}",
            Spec = JsonSerializer.SerializeToElement(spec, WireJson.Options),
        };
        var created = await run.Client.Resources(Plurals.Bindings).CreateAsync(draft, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(created)))
            run.Say($"{string.Join(", ", subjects)} may act as {role} now{Scope(created.Spec, run.Parse.GetValue(GlobalOptions.Project))}. "
                + $"Take it back with: strata access revoke {created.Name}");
        return CommandRunner.Done;
    }

    /// <summary>For what it is, and until when; empty: for all, without end.</summary>
    private static string Scope(JsonElement spec, string? project)
    {
        var text = project is null ? "" : $" in {project}";
        if (spec.TryGetProperty("labels", out var labels) && labels.ValueKind == JsonValueKind.Object && labels.EnumerateObject().Any())
            text += $" for {string.Join(", ", labels.EnumerateObject().Select(l => $"{l.Name}={l.Value.GetString()}"))}";
        return spec.Time("expiresAt") is { } end ? $"{text}, until {TimeText.LineStamp(end)}" : text;
    }

    private static async Task<int> RevokeAsync(Run run, CancellationToken cancellationToken)
    {
        var binding = await run.Client.Resources(Plurals.Bindings)
            .GetAsync(run.Parse.GetRequiredValue(Binding), cancellationToken: cancellationToken);
        var question = $"Take {binding.Spec.Text("roles")} from {binding.Spec.Text("subjects")}?";
        if (!await Confirmation.AskAsync(run, Yes, question, cancellationToken)) return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.Bindings).DeleteAsync(binding.Id, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"Revoked {removed.Name}.");
        return CommandRunner.Done;
    }
}
