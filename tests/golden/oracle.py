"""Float64 evaluation of the operators with PyTorch, written apart from the C oracle; differentiable, so it gives the gradients too.

dcn_ref(x[N,H,W,C], offset_mask[N,Ho,Wo,R], p, mask=None) -> [N,Ho,Wo,C]; with `mask` given, DCNv3's separate tensors.
msda_ref(value[N,S,G,D], [(H,W), ...], sampling_loc_attn[N,Q,G,L*K*3], K) -> [N,Q,G*D].
`p` holds kernel_h, kernel_w, stride_*, pad_*, dilation_*, group, group_channels, offset_scale, remove_center, softmax.
"""
import torch

def inside(px,py,H,W): return (px>-1)&(py>-1)&(px<W)&(py<H)
def bil(v,px,py,H,W):  # v [B,HW,G,D] ; px,py [B,Q,G] -> [B,Q,G,D]
    inb=inside(px,py,H,W); px=torch.where(inb,px,-2.); py=torch.where(inb,py,-2.); inb=inb.to(v.dtype)
    x0=px.detach().floor(); y0=py.detach().floor(); lx=px-x0; ly=py-y0
    B,Q,G=px.shape; b=torch.arange(B,device=v.device)[:,None,None]; g=torch.arange(G,device=v.device)[None,None,:]
    out=0
    for dy in (0,1):
        for dx in (0,1):
            xx=x0+dx; yy=y0+dy
            w=(lx if dx else 1-lx)*(ly if dy else 1-ly)
            ok=((xx>=0)&(xx<W)&(yy>=0)&(yy<H)).to(v.dtype)
            idx=(yy.clamp(0,H-1)*W+xx.clamp(0,W-1)).long()
            out=out+(w*ok*inb)[...,None]*v[b,idx,g]
    return out
def dcn_ref(x,om,p,mask=None):
    B,H,W,C=x.shape; G,D=p["group"],p["group_channels"]; kh,kw=p["kernel_h"],p["kernel_w"]
    Ho,Wo=om.shape[1:3]; K=kh*kw-int(p["remove_center"]); Q=Ho*Wo; s=p["offset_scale"]
    v=x.reshape(B,H*W,G,D)
    if mask is None:
        o=om.reshape(B,Q,-1)[...,:G*K*3].reshape(B,Q,G,K*3); off=o[...,:2*K]; mk=o[...,2*K:]
    else:
        off=om.reshape(B,Q,G,2*K); mk=mask.reshape(B,Q,G,K)
    if p.get("softmax"): mk=mk.softmax(-1)
    q=torch.arange(Q,device=x.device); qx=(q%Wo).to(x.dtype); qy=(q//Wo).to(x.dtype)
    cw=(p["dilation_w"]*(kw-1))//2; ch=(p["dilation_h"]*(kh-1))//2
    out=0; k=0
    for i in range(kw):
        for j in range(kh):
            if p["remove_center"] and i==kw//2 and j==kh//2: continue
            px=(qx*p["stride_w"]-p["pad_w"]+cw)[None,:,None]+s*(i*p["dilation_w"]-cw+off[...,2*k])
            py=(qy*p["stride_h"]-p["pad_h"]+ch)[None,:,None]+s*(j*p["dilation_h"]-ch+off[...,2*k+1])
            m=torch.where(inside(px,py,H,W),mk[...,k],0.); out=out+m[...,None]*bil(v,px,py,H,W); k+=1
    return out.reshape(B,Ho,Wo,C)
def msda_ref(v,shapes,la,K):
    B,N,G,D=v.shape; Q=la.shape[1]; L=len(shapes)
    loc=la[...,:L*K*2].reshape(B,Q,G,L,K,2); at=la[...,L*K*2:].softmax(-1).reshape(B,Q,G,L,K)
    out=0; st=0
    for l,(h,w) in enumerate(shapes):
        vv=v[:,st:st+h*w]; st+=h*w
        for k in range(K):
            out=out+at[...,l,k][...,None]*bil(vv,loc[...,l,k,0]*w-0.5,loc[...,l,k,1]*h-0.5,h,w)
    return out.reshape(B,Q,G*D)
