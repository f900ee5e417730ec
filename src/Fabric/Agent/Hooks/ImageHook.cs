using Strata.Core;
using Strata.Agent.Images;

namespace Strata.Agent.Hooks;

/// <summary>Has the image's files on this machine.</summary>
internal sealed class ImageHook(LayerCache layers) : IInstanceHook
{
    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (!(await layers.GetAsync(context.Spec.Image, context.Org, cancellationToken)).TryGet(out var image, out var error)) return error;
        (context.AppFolder, context.RootWorkFolder) = (image.Folder, image.RootWorkFolder);
        return default(Done);
    }
}
