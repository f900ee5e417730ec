using Strata.Api.Http;
using Strata.Core;

namespace Strata.EntityApi.Messages;

/// <summary>Reads what requests for messages have in common.</summary>
internal static class MessageCall
{
    public static Result<EntityId> Id(ApiCall call) =>
        Guid.TryParseExact(call.Route("messageId"), "D", out var id)
            ? new EntityId(id) : ApiErrors.PathValue("messageId", "a UUID");

    public static Error NotFound(EntityId id) => new(ErrorKind.NotFound, "ENTITY_NOT_FOUND", $"There is no message {id}.");
}
