using System.CommandLine;
using System.CommandLine.Completions;
using Strata.Cli.Context;
using Strata.Cli.Data;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Kinds;

/// <summary>Completes names from the cloud that the command line means; a cloud that does not answer at once completes nothing.</summary>
internal static class NameCompletion
{
    private const int NamesMax = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly string[] WithLogs = [Plurals.Deployments, Plurals.Releases, Plurals.Instances];

    public static Argument<T> CompletesNames<T>(this Argument<T> argument, string plural) =>
        argument.Completes((call, cancellationToken) => NamesAsync(call, plural, null, cancellationToken));

    public static Argument<T> CompletesKinds<T>(this Argument<T> argument) => argument.Completes(async (call, cancellationToken) =>
        (await KindCatalog.LoadAsync(call.Client, cancellationToken)).All.Select(k => k.Plural).ToList());

    /// <summary>A deployment's name, KIND/NAME, or a kind that a name follows.</summary>
    public static Argument<string> CompletesResources(this Argument<string> argument, bool takesKind = true) =>
        argument.Completes(async (call, cancellationToken) =>
    {
        if (call.Word.IndexOf('/') is > 0 and var slash)
        {
            var kind = (await KindCatalog.LoadAsync(call.Client, cancellationToken)).Find(call.Word[..slash]);
            return [.. (await NamesAsync(call, kind.Plural, null, cancellationToken)).Select(name => $"{call.Word[..slash]}/{name}")];
        }
        var names = await NamesAsync(call, Plurals.Deployments, null, cancellationToken);
        return takesKind ? [.. names, .. (await KindCatalog.LoadAsync(call.Client, cancellationToken)).All.Select(k => k.Plural)]
            : [.. names, .. WithLogs.Skip(1).Select(k => k[..^1] + "/")];
    });

    /// <summary>Names of the kind that <paramref name="kind"/> was given.</summary>
    public static Argument<string?> CompletesNamesOf(this Argument<string?> argument, Argument<string> kind) =>
        argument.Completes(async (call, cancellationToken) =>
        await NamesAsync(call, (await KindCatalog.LoadAsync(call.Client, cancellationToken)).Find(call.Parse.GetValue(kind) ?? "").Plural,
            null, cancellationToken));

    /// <summary>The releases of the deployment that <paramref name="deployment"/> was given.</summary>
    public static Argument<string?> CompletesReleasesOf(this Argument<string?> argument, Argument<string> deployment) =>
        argument.Completes(async (call, cancellationToken) =>
    {
        var owner = await call.Client.Resources(Plurals.Deployments)
            .GetAsync(call.Parse.GetValue(deployment) ?? "", cancellationToken: cancellationToken);
        return await NamesAsync(call, Plurals.Releases, owner.Id, cancellationToken);
    });

    /// <summary>The states that resources of the kind that <paramref name="kind"/> was given are in.</summary>
    public static Option<string?> CompletesStatesOf(this Option<string?> option, Argument<string> kind)
    {
        option.CompletionSources.Add(context => Ask(context, async (call, cancellationToken) =>
        {
            var plural = (await KindCatalog.LoadAsync(call.Client, cancellationToken)).Find(call.Parse.GetValue(kind) ?? "").Plural;
            return (await ListAsync(call, plural, null, cancellationToken)).Select(r => r.State).Distinct().ToList();
        }));
        return option;
    }

    public static Argument<T> CompletesModels<T>(this Argument<T> argument) => argument.Completes(async (call, cancellationToken) =>
    {
        var models = EntityCalls.Parse(await call.Client.SendAsync(new ApiRequest(HttpMethod.Get, "/api/model/"), cancellationToken));
        return models.EnumerateArray().Select(m => $"{m.Text("modelName")}.{m.Text("modelVersion")}").ToList();
    });

    /// <summary>The transitions that the entity of <paramref name="id"/> offers.</summary>
    public static Argument<string> CompletesTransitionsOf(this Argument<string> argument, Argument<string> id) =>
        argument.Completes(async (call, cancellationToken) =>
    {
        var path = EntityCalls.EntityPath(call.Parse.GetValue(id) ?? "", "/transitions");
        return EntityCalls.Parse(await call.Client.SendAsync(new ApiRequest(HttpMethod.Get, path), cancellationToken)).EnumerateArray()
            .Select(t => t.GetString()!).ToList();
    });

    private static Argument<T> Completes<T>(this Argument<T> argument, Func<Call, CancellationToken, Task<List<string>>> question)
    {
        argument.HelpName ??= argument.Name; // or help would list what the cloud has
        argument.CompletionSources.Add(context => IsNext(argument, context) ? Ask(context, question) : []);
        return argument;
    }

    public static Option<string?> CompletesNames(this Option<string?> option, string plural)
    {
        option.CompletionSources.Add(
            context => Ask(context, (call, cancellationToken) => NamesAsync(call, plural, null, cancellationToken)));
        return option;
    }

    /// <summary>Whether the word at the cursor is this argument's: the library asks every argument of the command.</summary>
    public static bool IsNext(Argument argument, CompletionContext context)
    {
        var given = context.ParseResult.GetResult(argument)?.Tokens ?? [];
        return context.WordToComplete.Length == 0 ? given.Count == 0 : given.Count > 0 && given[^1].Value == context.WordToComplete;
    }

    private static async Task<List<string>> NamesAsync(Call call, string plural, string? deployment, CancellationToken cancellationToken) =>
        [.. (await ListAsync(call, plural, deployment, cancellationToken)).Select(r => r.Name)];

    private static async Task<List<AnyResource>> ListAsync(
        Call call, string plural, string? deployment, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter
        {
            Project = plural == Plurals.Projects ? null : call.Parse.GetValue(GlobalOptions.Project),
            Fields = deployment is null ? new Dictionary<string, string>() : new() { ["spec.deployment"] = deployment },
        };
        var found = new List<AnyResource>();
        await foreach (var resource in call.Client.Resources(plural).ListAsync(filter, cancellationToken))
        {
            found.Add(resource);
            if (found.Count == NamesMax) break;
        }
        return found;
    }

    private static IEnumerable<CompletionItem> Ask(CompletionContext context, Func<Call, CancellationToken, Task<List<string>>> question)
    {
        try
        {
            var parse = context.ParseResult;
            var target = CliContext.Load(
                GlobalOptions.HomeOf(parse), parse.GetValue(GlobalOptions.Server), parse.GetValue(GlobalOptions.Context));
            var options = new ClientOptions { RetriesMax = 0, CallTimeout = Patience,
                Organization = context.ParseResult.GetValue(GlobalOptions.Org) };
            using var client = new StrataClient(new Uri(target.Server), target.Token, options);
            using var timer = new CancellationTokenSource(Patience);
            var call = new Call(client, context.ParseResult, context.WordToComplete);
            // The library asks for completions synchronously.
            return Task.Run(() => question(call, timer.Token)).GetAwaiter().GetResult().Select(n => new CompletionItem(n));
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException or UriFormatException or InvalidOperationException)
        {
            return [];
        }
    }

    /// <summary>What is asked: the cloud, and the command line so far.</summary>
    private sealed record Call(StrataClient Client, ParseResult Parse, string Word);
}
