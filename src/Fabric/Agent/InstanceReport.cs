using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Agent;

/// <summary>Reports to the API what became of an instance, and takes the state that the API returns.</summary>
internal sealed class InstanceReport(StrataClient client)
{
    private readonly ResourceClient<InstanceSpec, InstanceStatus> instances = client.Resources<InstanceSpec, InstanceStatus>(
        Plurals.Instances);

    /// <summary>Takes a transition with a new status. Null when the instance is gone.</summary>
    /// <exception cref="StrataException">The API cannot be reached, or refuses; then look at what the instance is now.</exception>
    public Task<Resource<InstanceSpec, InstanceStatus>?> TakeAsync(
        Resource<InstanceSpec, InstanceStatus> instance, string transition, InstanceStatus status, CancellationToken cancellationToken) =>
        OrGoneAsync(
            () => instances.ChangeAsync(
                instance, instance with { Status = status }, transition, instance.Org, cancellationToken: cancellationToken));

    /// <summary>Changes the status only.</summary>
    public Task<Resource<InstanceSpec, InstanceStatus>?> SayAsync(
        Resource<InstanceSpec, InstanceStatus> instance, InstanceStatus status, CancellationToken cancellationToken) =>
        OrGoneAsync(() =>
            instances.ChangeAsync(instance, instance with { Status = status }, null, instance.Org, cancellationToken: cancellationToken));

    /// <summary>As it is now; null when it is gone.</summary>
    public Task<Resource<InstanceSpec, InstanceStatus>?> ReadAsync(
        Resource<InstanceSpec, InstanceStatus> instance, CancellationToken cancellationToken) =>
        instances.FindAsync(instance.Id, instance.Org, cancellationToken: cancellationToken);

    private static async Task<Resource<InstanceSpec, InstanceStatus>?> OrGoneAsync(Func<Task<Resource<InstanceSpec, InstanceStatus>>> call)
    {
        try
        {
            return await call();
        }
        catch (StrataException e) when (e.Error.Kind == ErrorKind.NotFound)
        {
            return null;
        }
    }
}
