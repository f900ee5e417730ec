using Microsoft.AspNetCore.Http.Features;

namespace Strata.Api.InProcess;

/// <summary>
/// Runs what a request registered for its end, last first. The framework's own class drops it, so shares of memory and database readers
/// that are disposed there would never be returned. For one request.
/// </summary>
internal sealed class InProcessResponse : HttpResponseFeature
{
    private readonly Stack<(Func<object, Task> Callback, object State)> atEnd = new();

    public override void OnCompleted(Func<object, Task> callback, object state) => atEnd.Push((callback, state));

    /// <exception cref="AggregateException">Some failed; the others ran.</exception>
    public async Task CompleteAsync()
    {
        List<Exception>? failures = null;
        while (atEnd.TryPop(out var next))
        {
            try
            {
                await next.Callback(next.State);
            }
            catch (Exception e)
            {
                (failures ??= []).Add(e);
            }
        }
        if (failures is not null) throw new AggregateException(failures);
    }
}
