using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata access</c>: which permissions there are, why someone holds one or not, and who does.</summary>
internal static class AccessCommand
{
    private const string Base = "/api/v1/access/";

    private static readonly Argument<string> Who = new("who") { Description = "Name of a person or token, or client/ID" };
    private static readonly Argument<string> Permission = new("permission") { Description = "For example deployments.write" };
    private static readonly Argument<string?> Resource = new("resource")
    {
        Description = "KIND/NAME of what it is about [any resource]", Arity = ArgumentArity.ZeroOrOne,
    };

    private static readonly Option<int> Limit =
        new Option<int>("--limit", "-n") { Description = "Maximum number", DefaultValueFactory = _ => 100,
            HelpName = "N" }.Between(1, 1000);

    public static Command Create(Terminal terminal)
    {
        var access = new Command("access", "Give rights, and show who may do what, and why");
        foreach (var command in GrantCommands.Create(terminal)) access.Add(command);
        foreach (var command in Showing(terminal)) access.Add(command);
        return access;
    }

    private static IEnumerable<Command> Showing(Terminal terminal) =>
    [
        new Command("explain", "Explain whether a person, token or client holds a permission (exit code 1: it does not)")
        {
            Who, Permission, Resource,
        }.Does(terminal, ExplainAsync),
        new Command("who-can", "List the people, tokens and clients that hold a permission") { Permission, Resource, Limit }.Does(
            terminal, WhoCanAsync),
        new Command("permissions", "List the permissions that roles can hold").Does(terminal, ListAsync),
    ];

    private static async Task<int> ExplainAsync(Run run, CancellationToken cancellationToken)
    {
        var who = run.Parse.GetRequiredValue(Who);
        using var answer = await AskAsync(run, who, cancellationToken);
        var (allowed, root) = (answer!.RootElement.GetProperty("allowed").GetBoolean(), answer.RootElement);
        if (!run.WriteMachine(root))
        {
            run.Terminal.Out.WriteLine(run.Terminal.OnOut(allowed ? Tone.Good : Tone.Bad, allowed ? "allowed" : "not allowed"));
            run.Print(root.Text("reason") ?? "");
            foreach (var role in root.GetProperty("roles").EnumerateArray())
                run.Print($"  {(role.GetProperty("allows").GetBoolean() ? "+" : "-")} {role.Text("reason")}");
        }
        return allowed ? CommandRunner.Done : CommandRunner.Failed;
    }

    /// <summary>A name alone is a person's, or a token's.</summary>
    private static async Task<JsonDocument?> AskAsync(Run run, string who, CancellationToken cancellationToken)
    {
        string PathOf(string named) => $"{Base}explain?who={Escaped(named)}&{Question(run)}";
        if (who.Contains('/', StringComparison.Ordinal))
            return await run.Client.SendAsync(HttpMethod.Get, PathOf(who), cancellationToken: cancellationToken);
        try
        {
            return await run.Client.SendAsync(HttpMethod.Get, PathOf("token/" + who), cancellationToken: cancellationToken);
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return await run.Client.SendAsync(HttpMethod.Get, PathOf("person/" + who), cancellationToken: cancellationToken);
        }
    }

    private static async Task<int> WhoCanAsync(Run run, CancellationToken cancellationToken)
    {
        var path = $"holders?{Question(run)}&limit={run.Parse.GetValue(Limit)}";
        using var answer = await run.Client.SendAsync(HttpMethod.Get, Base + path, cancellationToken: cancellationToken);
        var root = answer!.RootElement;
        if (run.WriteMachine(root)) return CommandRunner.Done;
        var table = new Table("KIND", "NAME", "ROLES", "FOR");
        foreach (var holder in root.GetProperty("items").EnumerateArray())
            table.Add(holder.Text("kind") ?? "", holder.Text("name") ?? "", Joined(holder),
                holder.Text("scope") is { Length: > 0 } scope ? scope : "everything");
        if (table.Rows == 0) run.Say("No person, token or client holds it.");
        else table.Write(run.Terminal);
        if (!root.GetProperty("isComplete").GetBoolean()) run.Say("There are more: raise --limit.");
        return CommandRunner.Done;
    }

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        using var answer = await run.Client.SendAsync(HttpMethod.Get, Base + "permissions", cancellationToken: cancellationToken);
        if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
        var table = new Table("PERMISSION", "BUILT-IN ROLES (admin holds all)");
        foreach (var permission in answer.RootElement.GetProperty("items").EnumerateArray())
            table.Add(permission.Text("name") ?? "", Joined(permission));
        table.Write(run.Terminal);
        return CommandRunner.Done;
    }

    private static string Question(Run run)
    {
        var permission = $"permission={Escaped(run.Parse.GetRequiredValue(Permission))}";
        return run.Parse.GetValue(Resource) is { } resource ? $"{permission}&resource={Escaped(resource)}" : permission;
    }

    private static string Joined(JsonElement element) =>
        string.Join(", ", element.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));

    private static string Escaped(string text) => Uri.EscapeDataString(text);
}
