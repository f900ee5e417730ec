using Strata.Cli.Context;

namespace Strata.Cli.Tests.Context;

/// <summary>What a test's data folder is signed in to.</summary>
internal static class ContextFile
{
    public static Task<Contexts> KeepAsync(this TempFolder home, CliContext context, bool current = true) =>
        home.ChangeAsync(now => now.With(context, current));

    public static Task<Contexts> ChangeAsync(this TempFolder home, Func<Contexts, Contexts> change) =>
        Contexts.ChangeAsync(home.Path, TimeProvider.System, change, TestContext.Current.CancellationToken);
}
