using System.CommandLine;
using System.CommandLine.Completions;
using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Core;
using Strata.Server.Options;

namespace Strata.Cli.Kinds;

/// <summary>Completes names from the cloud; a cloud that does not answer at once completes nothing.</summary>
internal static class NameCompletion
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);

    public static Argument<T> CompletesNames<T>(this Argument<T> argument, string plural)
    {
        argument.HelpName ??= argument.Name; // or help would list what the cloud has
        argument.CompletionSources.Add(_ => Ask(async (client, cancellationToken) =>
        {
            var names = new List<string>();
            await foreach (var resource in client.Resources(plural).ListAsync(cancellationToken: cancellationToken)) names.Add(resource.Name);
            return names;
        }));
        return argument;
    }

    public static Argument<T> CompletesKinds<T>(this Argument<T> argument)
    {
        argument.HelpName ??= argument.Name; // or help would list what the cloud has
        argument.CompletionSources.Add(_ => Ask(async (client, cancellationToken) =>
            (await KindCatalog.LoadAsync(client, cancellationToken)).All.Select(k => k.Plural).ToList()));
        return argument;
    }

    private static IEnumerable<CompletionItem> Ask(Func<StrataClient, CancellationToken, Task<List<string>>> question)
    {
        try
        {
            var context = CliContext.Load(HomeLayout.DefaultRoot());
            using var client = new StrataClient(new Uri(context.Server), context.Token, new ClientOptions { RetriesMax = 0, CallTimeout = Patience });
            using var timer = new CancellationTokenSource(Patience);
            // The library asks for completions synchronously.
            return Task.Run(() => question(client, timer.Token)).GetAwaiter().GetResult().Select(n => new CompletionItem(n));
        }
        catch (Exception e) when (e is StrataException or OperationCanceledException or UriFormatException)
        {
            return [];
        }
    }
}
